import type { EpochFiles } from '@tallystick/compute';
import type { Hash } from '@tallystick/kernel';

/** What the scoring process is asked once. */
export interface ScoringJob {
  /** Folder of the blob store: models, updates and the validation set are read there, the sheet is put there. */
  readonly blobFolder: string;
  /** Canonical JSON of the run spec. */
  readonly spec: string;
  readonly specHash: Hash;
  readonly files: EpochFiles;
}

/** What it says: the id of the sheet that now is in the blob store, or why there is none. */
export type ScoringAnswer =
  | { readonly kind: 'scored'; readonly sheet: Hash }
  | { readonly kind: 'failed'; readonly reason: string };

/** The parse door of both sides: they are one program, talking over a private channel. */
export function isScoringJob(message: unknown): message is ScoringJob {
  return typeof message === 'object' && message !== null && 'blobFolder' in message;
}

/** See `isScoringJob`. */
export function isScoringAnswer(message: unknown): message is ScoringAnswer {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
