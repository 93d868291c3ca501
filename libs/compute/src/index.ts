/**
 * compute: folds of rounds, and hashes of files, done beside the thread that serves sockets.
 *
 * A `Fold` sums updates as they come, or, under a rule that needs all of them, works through their files in rows when
 * the round ends. `WorkerFolderFactory` shares positions, updates or pairs out to worker threads over one shared memory:
 * each owns a disjoint part, so there are no locks and the number of workers cannot change a bit. `WorkerSpooler`
 * (`spool/`) hashes uploads in shared memory and writes them in the same threads. `InProcessFolderFactory` folds on the
 * calling thread over any BlobStore, with the same kernels; `simulate`, audits and tests use it. The contract suites
 * (`testing/`) hold both folds.
 *
 * Invariants: an update is hashed as it arrives, and again before it is refused or taken up after a restart, so a node
 * is never blamed for a damaged disk; queues and shared memory are bounded; every task has a deadline.
 *
 * It refuses to judge membership, signatures or weights: that is the gate's work in rounds.
 */
export { Fold } from './fold.js';
export { InProcessFolderFactory, type InProcessOptions } from './in-process-folder-factory.js';
export { loadScoredRound, type RoundFiles, type ScoringDeps } from './load-scored-round.js';
export { type CommittedFiles, scoredFiles } from './scored-files.js';
export {
  type EpochFiles,
  measurementFault,
  scoreContributions,
  sheetFault,
} from './score-contributions.js';
export type { WorkerSpooledFile } from './spool/worker-spooled-file.js';
export type { SpoolShape, SpoolTarget, WorkerSpooler } from './spool/worker-spooler.js';
export { WorkerFolderFactory, type WorkerFolderOptions } from './worker-folder-factory.js';
