/** `UPDATE_` codes; see catalogue.ts. */
export const update = {
  UPDATE_QUOTA: {
    message: 'node {node} began more than {limit} uploads in run {run} round {round}',
    hint: 'Look at the log of the node: it gives up uploads that it begins.',
    status: 429,
    close: 4429,
    disposition: 'refuse',
  },
  UPDATE_MALFORMED: {
    message: 'the update file is not valid: {reason}',
    hint: 'Report this: the node wrote a file that the protocol does not allow.',
    status: 400,
    disposition: 'refuse',
  },
  UPDATE_OUT_OF_RANGE: {
    message: 'tensor {tensor} moved by {delta}, more than an update can carry',
    hint: 'Lower the learning rate or check the data for outliers.',
    status: 400,
    disposition: 'refuse',
  },
  UPDATE_WRONG_SHAPE: {
    message: 'the update has {got} parameters, the model {want}',
    hint: 'Update both sides to the same version.',
    status: 400,
    disposition: 'refuse',
  },
  UPDATE_HASH_MISMATCH: {
    message: 'the uploaded file hashes to {got}, the receipt says {want}',
    hint: 'Send it again.',
    status: 400,
    disposition: 'refuse',
  },
  UPDATE_CODEC_UNSUPPORTED: {
    message: 'the update is in another codec: {reason}',
    hint: 'Encode it as the run spec says (numeric.codec, numeric.topPpm).',
    status: 400,
    disposition: 'refuse',
  },
} as const;
