/**
 * aggregation: many updates → one model, exactly.
 *
 * Model and server-state files (safetensors), the update file `.tlu` (codecs i32, i16, i8, dense and sparse), the int64
 * accumulator, the weight rule, the robust rules, the server steps and the seeded numbers behind first weights and
 * shuffles. protocol.md §1 is the law.
 *
 * Invariants: whoever recomputes gets the same bits: sums are integers, steps are binary64 with one rounding per
 * operation, kernels use neither relaxed SIMD nor fused multiply-add. No IO, no clock, no `node:*`; runs in a browser
 * (little-endian, as every WebAssembly host). Buffers passed in are never kept or changed unless a docstring says so.
 *
 * It refuses to clamp, to guess a codec and to accept two encodings of one value.
 */
export { Accumulator, addWeight } from './accumulator.js';
export { CHUNK_POSITIONS, type Positions } from './chunk.js';
export { type Codec, CODECS } from './codec.js';
export type { ChangeInput } from './encode/change.js';
export { type EncodedUpdate, encodeUpdate, type UpdateInput } from './encode/encode-update.js';
export {
  type FoldFactors,
  type FoldItem,
  FoldLane,
  foldMemory,
  type FoldShape,
  sumsOf,
} from './fold-lane.js';
export { addToTotals, type FoldTotals, NO_TOTALS } from './fold-totals.js';
export { type Init, initialWeights, type InitialWeights } from './initial-weights.js';
export type { WasmMemory } from './kernels/kernels.js';
export {
  BLOCK_POSITIONS,
  blockOffsets,
  type Manifest,
  manifestOf,
  MAX_PARAMETERS,
  MAX_TENSORS,
  type TensorEntry,
  type TensorShape,
} from './manifest.js';
export { decodeModel, encodeModel, type Model, modelParts, readModel } from './model-file.js';
export { decodeUpdate, referenceSum } from './reference.js';
export { type Controls, driftOf, nextControl } from './scaffold.js';
export { SeedStream } from './seed-stream.js';
export { decodeState, encodeState, readState, stateFileParts } from './state-file.js';
export {
  initialState,
  partsIn,
  type ServerState,
  type StatePart,
  stateParts,
} from './server-state.js';
export type { Strategy } from './strategy.js';
export {
  type StepArrays,
  type StepInput,
  stepRange,
  type StepResult,
  type StepRule,
  takeStep,
} from './take-step.js';
export { aggregate, type AggregateRules, type Passes } from './robust/aggregate.js';
export { type Choice, chooseUpdates } from './robust/choose-updates.js';
export { clipScale } from './robust/distances.js';
export { type LanePass, openPass } from './robust/lane-pass.js';
export type { RobustRule } from './robust/robust-rule.js';
export type { PassPlace, RowPass } from './robust/row-pass.js';
export { DENSE_I32, type UpdateForm } from './update-form.js';
export { readHead, type Refusal, shiftsOf, type UpdateHead } from './update-head.js';
export { inspectUpdate, type UpdateInspection, UpdateInspector } from './update-inspector.js';
export { updateLayout, type UpdateLayout } from './update-layout.js';
export { updateManifestOf } from './update-manifest.js';
export { sourceOf, type UpdateSource } from './update-source.js';
export { SUM_WEIGHT_LIMIT, weightOf, weightUnit } from './weight.js';
