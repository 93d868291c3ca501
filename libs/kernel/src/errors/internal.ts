/** `INTERNAL_` codes; see catalogue.ts. */
export const internal = {
  INTERNAL: {
    message: 'something went wrong inside Tallystick: {reason}',
    hint: 'Report this with the log lines around it.',
    status: 500,
    close: 1011,
    disposition: 'fatal',
  },
  INTERNAL_OVERFLOW: {
    message: 'the bound of {what} ({limit}) was reached',
    hint: 'Report this with the log lines around it.',
    status: 500,
    close: 1011,
    disposition: 'fatal',
  },
  INTERNAL_PROCESS_ENDED: {
    message: '{name} ended before it was ready: {reason} (log: {log})',
    hint: 'Correct what it names; otherwise report this with that log.',
    status: 500,
    disposition: 'fatal',
  },
} as const;
