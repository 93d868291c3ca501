/**
 * training: what happens to a model at a site between two rounds.
 *
 * A declared model and a declared feature pipeline (data, never code) over one CSV, an engine that runs them, and
 * the Trainer that node, `simulate` and CLI call: in a child process (ProcessTrainer) or here (InlineTrainer), with
 * the same bits.
 *
 * Invariants: the same weights, file, spec and seed give the same bits in every process; nothing random comes from
 * anywhere but the local seed; every returned weight is finite; statistics of the data stay at the site.
 * It refuses to talk to anybody, to guess what a damaged file means and to run code that came with a run.
 */
export {
  type BaselineJob,
  baselineSeed,
  localAccuracy,
  pooledAccuracy,
  trainLocalOnly,
  trainPooled,
} from './baselines.js';
export { Batches } from './batches.js';
export { CsvParser, MAX_COLUMNS } from './data/csv-parser.js';
export type { Dataset, Examples } from './data/dataset.js';
export { loadDataset, MAX_CSV_BYTES } from './data/load-dataset.js';
export { parseDataset } from './data/parse-dataset.js';
export type {
  Engine,
  EvaluateJob,
  Evaluation,
  FitJob,
  FitResult,
  WeightedModel,
} from './engine.js';
export { InlineTrainer } from './inline-trainer.js';
export { ProcessTrainer, type ProcessTrainerOptions } from './process-trainer.js';
export type {
  EvaluateRequest,
  GradientTrainer,
  Trainer,
  TrainRequest,
  TrainResult,
} from './trainer.js';
export { openValidation, type ValidationSet } from './open-validation.js';
