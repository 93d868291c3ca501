/** `PROTO_` codes; see catalogue.ts. */
export const proto = {
  PROTO_MALFORMED: {
    message: 'a frame could not be read: {reason}',
    hint: 'Update both sides to the same version; if they are, report this.',
    status: 400,
    close: 4400,
    disposition: 'refuse',
  },
  PROTO_UNKNOWN_KIND: {
    message: 'unknown frame kind {kind}',
    hint: 'Update both sides to the same version.',
    status: 400,
    close: 4400,
    disposition: 'refuse',
  },
  PROTO_TOO_LARGE: {
    message: '{what} has {bytes} bytes, the limit is {limit}',
    hint: 'Send less at once; docs/limits.md lists every limit.',
    status: 413,
    close: 1009,
    disposition: 'refuse',
  },
  PROTO_UNEXPECTED: {
    message: '{kind} is not expected now: {reason}',
    hint: 'Reconnect; if it happens again, report it.',
    status: 400,
    close: 4400,
    disposition: 'refuse',
  },
  PROTO_REPLACED: {
    message: 'a newer connection of node {node} took over',
    hint: 'Run one client node per node key.',
    status: 409,
    close: 4409,
    disposition: 'fix',
  },
} as const;
