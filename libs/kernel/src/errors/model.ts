/** `MODEL_` codes; see catalogue.ts. */
export const model = {
  MODEL_MALFORMED: {
    message: 'the model file is not valid: {reason}',
    hint: 'Fetch it again; its id is the SHA-256 of the file.',
    status: 400,
    disposition: 'refuse',
  },
  MODEL_UNSUPPORTED: {
    message: 'the model cannot be built: {reason}',
    hint: 'Correct `model` in run.yaml.',
    status: 400,
    disposition: 'fix',
  },
  MODEL_UNKNOWN: {
    message: 'there is no model {sha256}',
    hint: 'See the models of a run: `tally run show`.',
    status: 404,
    disposition: 'fix',
  },
  MODEL_NONE_BEST: {
    message: 'run {run} has no best model: its sites measured no loss of one model',
    hint: 'Take the newest model, without --best. In asynchronous rounds the sites measure models of several ages.',
    status: 404,
    disposition: 'fix',
  },
} as const;
