/** `ENGINE_` codes; see catalogue.ts. */
export const engine = {
  ENGINE_DIVERGED: {
    message: 'training diverged: {tensor} holds a value that is not finite',
    hint: 'Lower the learning rate.',
    status: 400,
    disposition: 'refuse',
  },
  ENGINE_CRASHED: {
    message: 'the training process ended with {reason}',
    hint: 'It is restarted by itself; look at the node log if it repeats.',
    status: 500,
    disposition: 'retry',
  },
  ENGINE_UNAVAILABLE: {
    message: 'the training engine {engine} cannot start: {reason}',
    hint: 'Check `tally node doctor`.',
    status: 500,
    disposition: 'fatal',
  },
  ENGINE_TIMEOUT: {
    message: 'training took longer than {timeoutMs} ms',
    hint: 'Lower local.steps, or give the round a longer deadline.',
    status: 504,
    disposition: 'refuse',
  },
} as const;
