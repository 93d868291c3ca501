import type { Hash } from '@tallystick/kernel';

/** What of a round takes time. `round` is all of it, and holds the others. */
export type StepName =
  | 'round'
  | 'offer'
  | 'collect'
  | 'upload'
  | 'accept'
  | 'fold'
  | 'commit'
  | 'sign'
  | 'anchor'
  | 'train';

/** A step that is over, by the clock of whoever took it. */
export interface Step {
  readonly name: StepName;
  readonly startMs: number;
  readonly endMs: number;
  /** Numbers alone: a trace holds no names, keys or data. */
  readonly attributes?: Readonly<Record<string, number>>;
}

/**
 * Watches the steps of rounds. `task` is the hash of the round's task: coordinator and nodes know it, so that their steps
 * meet in one trace without a byte more in the protocol. Never part of a result; must not throw.
 */
export interface RoundTrace {
  step(task: Hash, step: Step): void;
}
