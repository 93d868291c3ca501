/** For tests of rooms that carry updates: updates over the whole range of the codec, and the plain server step. */
export { encoded } from './encoded.js';
export { FORMS, nameOf } from './forms.js';
export { randomUpdate, seededWords } from './random-update.js';
export { referenceStep, type ReferenceState } from './reference-step.js';
export { lanePasses, type LaneWork } from './lane-passes.js';
export {
  referenceAggregate,
  type ReferencePlace,
  type ReferenceResult,
  type ReferenceUpdate,
} from './reference-aggregate.js';
export { updateOf } from './update-of.js';
