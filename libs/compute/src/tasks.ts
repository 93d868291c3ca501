import type {
  Choice,
  FoldFactors,
  FoldShape,
  FoldTotals,
  Positions,
  RowPass,
  Strategy,
  WasmMemory,
} from '@tallystick/aggregation';
import type { ErrorCode, ErrorMeta, Hash } from '@tallystick/kernel';
import type { FoldSpec, Inspection } from '@tallystick/rounds';
import type { FoldStart } from './load-start.js';
import type { SpoolTasks } from './spool/spool-tasks.js';

/** A fold as every lane's worker holds it. The arrays of `start` and the sums in `memory` are shared by all lanes. */
export interface OpenLane {
  readonly fold: number;
  readonly shape: FoldShape;
  readonly memory: WasmMemory;
  readonly lane: number;
  readonly strategy: Strategy;
  /** Nodes of the round's cohort. */
  readonly cohort: number;
  readonly start: FoldStart;
}

/** The first `bytes` bytes of a file. */
export interface Prefix {
  readonly path: string;
  readonly bytes: number;
}

/** A fold by its number. */
export interface InFold {
  readonly fold: number;
}

/** An update as a file. */
export interface StoredFile {
  readonly update: Hash;
  readonly path: string;
  /** Is it to be hashed while it is read? */
  readonly isHashed: boolean;
}

/** An update file and how it is added. */
export type FoldFile = StoredFile & FoldFactors;

/** Everything a worker does: what is asked and what is answered. Structured clones, so plain data only. */
export interface Tasks extends SpoolTasks {
  /** Reads model and state into shared arrays. */
  load: { ask: { folder: string; spec: FoldSpec }; answer: FoldStart };
  open: { ask: OpenLane; answer: void };
  /** One answer for each update, in their order. */
  inspect: { ask: InFold & { readonly files: readonly StoredFile[] }; answer: Inspection[] };
  /** Σ v² of a whole update. */
  squaredNorm: { ask: InFold & StoredFile; answer: number };
  /** Adds the lane's own blocks of these inspected update files. */
  add: { ask: InFold & { readonly files: readonly FoldFile[] }; answer: void };
  /** Adds the lane's own blocks of one update file and checks them. */
  addStored: { ask: InFold & FoldFile; answer: void };
  /** Makes ready for passes over these update files. */
  gather: { ask: { fold: number; paths: readonly string[] }; answer: void };
  /** Begins a pass over the gathered updates; answers the rows of the model. */
  openPass: { ask: { fold: number; pass: RowPass }; answer: number };
  /** The lane's part of the open pass in these rows. */
  runPass: { ask: { fold: number; rows: Positions }; answer: void };
  /** The integer weights that a rule over whole updates gives them. */
  choose: { ask: Choice; answer: number[] };
  /** The server step at the lane's own positions; false: some value is not finite. */
  step: { ask: { fold: number; totals: FoldTotals }; answer: boolean };
  /** Writes the stepped model and state. */
  store: { ask: { fold: number; folder: string }; answer: { model: Hash; state: Hash } };
  close: { ask: { fold: number }; answer: void };
  hashFile: { ask: { path: string }; answer: Hash };
}

/** Names of the tasks. */
export type TaskKind = keyof Tasks;

/** One task on its way to a worker. */
export type TaskMessage = {
  [K in TaskKind]: { readonly id: number; readonly kind: K; readonly ask: Tasks[K]['ask'] };
}[TaskKind];

/** An error as it crosses threads; without a code it was not expected. */
export interface Failure {
  readonly code?: ErrorCode;
  readonly meta?: ErrorMeta;
  readonly message: string;
}

/** A worker's answer. */
export type ReplyMessage =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly failure: Failure };
