import type { Culprit, StepId } from '../../findings.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';

/**
 * What the auditor holds from outside: the nodes' logs as they are, the logs as they were before the result of the last
 * round arrived, or nothing.
 */
export type AnchorChoice = 'whole' | 'before the last result' | 'none';

/** What must be found. */
export interface Expectation {
  /** Undefined: no step, the bundle is refused as malformed (exit 66). */
  readonly step: StepId | undefined;
  /** Undefined: not about one round. */
  readonly round?: number;
  /** The finding's record, or the path that is malformed, begins with it. */
  readonly record: string;
  readonly by?: Culprit;
}

/** One way to cheat, and what must come of it. */
export interface Manipulation {
  /** What is changed, and how: unique. */
  readonly name: string;
  /** `raw`: a bit, a file or their order; `repaired`: with every hash, root and signature made anew that the operator can make. */
  readonly level: 'raw' | 'repaired';
  readonly anchors: AnchorChoice;
  /** Edits the files; undefined when this bundle has nothing of the kind. */
  apply(bundle: TamperedBundle): Promise<Expectation | undefined>;
}

/** A manipulation that one bit or one file makes; judged with all anchors. */
export function raw(name: string, apply: Manipulation['apply']): Manipulation {
  return { name, level: 'raw', anchors: 'whole', apply };
}

/** A manipulation by somebody who makes everything fit; judged with these anchors. */
export function repaired(
  name: string,
  anchors: AnchorChoice,
  apply: Manipulation['apply'],
): Manipulation {
  return { name, level: 'repaired', anchors, apply };
}
