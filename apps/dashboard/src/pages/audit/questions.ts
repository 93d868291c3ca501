import type { Progress, Recomputed, StepResult, StoredItem } from '@tallystick/audit/recompute';

/** What the page asks of the verifier: one question for each worker. */
export interface Question {
  readonly kind: 'recompute' | 'items';
  readonly run: number;
  /** Headers that say who asks. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** What the verifier says: any number of `progress` and `step`, then one of the others. */
export type Word =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'step'; readonly step: StepResult }
  | { readonly kind: 'recomputed'; readonly result: Recomputed; readonly script: string }
  | { readonly kind: 'items'; readonly block: number; readonly items: readonly StoredItem[] }
  | { readonly kind: 'trouble'; readonly message: string };
