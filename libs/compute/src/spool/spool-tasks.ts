import type { Hash } from '@tallystick/kernel';

/** What every worker is started with. */
export interface WorkerData {
  /** Where the pieces of all uploads lie. */
  readonly memory: SharedArrayBuffer;
}

/** A file as a worker spools it. */
export interface SpoolPlace {
  readonly path: string;
  /** Size of the complete file. */
  readonly bytes: number;
  readonly chunkBytes: number;
}

/** A piece of a file where it lies in the shared memory. */
export interface Piece {
  readonly at: number;
  readonly bytes: number;
}

/** What workers do for uploads. They answer these beside folds: a fold that waits does not hold up a socket. */
export interface SpoolTasks {
  /** Opens or reopens a file; answers with the bytes it has: whole chunks, or all of them. */
  spoolOpen: { ask: { file: number; place: SpoolPlace }; answer: number };
  /** Hashes the piece and writes it behind the ones before; its memory is free when this is answered. */
  spoolAppend: { ask: { file: number; piece: Piece }; answer: void };
  /** Ends the complete file; when it hashes to `update` it is a durable blob of `folder` by the time of the answer. */
  spoolStore: { ask: { file: number; update: Hash; folder: string }; answer: Hash };
  /** The same for a file that is one piece: nothing of it is on disk before. */
  spoolWhole: {
    ask: { place: SpoolPlace; piece: Piece; update: Hash; folder: string };
    answer: Hash;
  };
  spoolClose: { ask: { file: number }; answer: void };
}
