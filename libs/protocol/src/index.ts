export { decodeCohort, encodeCohort } from './frames/cohort-payload.js';
export {
  type Decoded,
  decodeCoordinatorFrame,
  decodeFrame,
  decodeNodeFrame,
  encodeFrame,
  type Frame,
} from './frames/frame.js';
export * from './frames/frame-heads.js';
export { LIMIT_NOTES, LIMITS } from './limits.js';
export * from './spec/run-spec.js';
