/** `NET_` codes; see catalogue.ts. */
export const net = {
  NET_UNREACHABLE: {
    message: 'cannot reach {url}: {reason}',
    hint: 'Check the address and that the coordinator is running; `tally node doctor` tests the way there.',
    status: 502,
    disposition: 'retry',
  },
  NET_TIMEOUT: {
    message: 'no answer from {what} within {timeoutMs} ms',
    hint: 'Try again; if it persists, look at the log of {what}.',
    status: 504,
    close: 4408,
    disposition: 'retry',
  },
  NET_CLOSED: {
    message: 'the connection to {what} closed: {reason}',
    hint: 'It reconnects by itself; if it does not, look at the log of {what}.',
    status: 502,
    disposition: 'retry',
  },
  NET_PROXY: {
    message: 'the proxy {proxy} does not open the way to {url}: {reason}',
    hint: 'Ask whoever runs the proxy to allow CONNECT to that address, or name it in NO_PROXY.',
    status: 502,
    disposition: 'retry',
  },
  NET_PROXY_LOGIN: {
    message: 'the proxy {proxy} wants a name and a password, or refused those it got',
    hint: 'Write them into its address: HTTPS_PROXY=http://name:password@host:port.',
    status: 502,
    disposition: 'retry',
  },
  NET_BUSY: {
    message: 'too many {what} at once (limit {limit})',
    hint: 'Try again in a moment.',
    status: 503,
    close: 4429,
    disposition: 'retry',
  },
  NET_DRAINING: {
    message: 'the coordinator is shutting down',
    hint: 'It reconnects by itself when the coordinator is back.',
    status: 503,
    close: 1001,
    disposition: 'retry',
  },
  NET_STANDBY: {
    message: 'this coordinator stands by: {leader} leads',
    hint: 'Ask the one that leads; a node tries the next address of its list by itself.',
    status: 503,
    close: 4503,
    disposition: 'retry',
  },
} as const;
