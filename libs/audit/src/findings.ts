/** Steps of protocol.md §7 that this version recomputes. */
export type StepId =
  'V1' | 'V2' | 'V3' | 'V4' | 'V5' | 'V6' | 'V7' | 'V8' | 'V9' | 'V10' | 'V11' | 'V12';

/** What each step recomputes, for people. */
export const STEPS: readonly { readonly id: StepId; readonly title: string }[] = [
  { id: 'V1', title: 'chain: every block executed again from genesis, every state read proved' },
  {
    id: 'V2',
    title: 'headers: unbroken, signed by the coordinator key, as committed on the chain',
  },
  { id: 'V3', title: 'trees: rebuilt from their leaves, sorted, counts and sums equal' },
  { id: 'V4', title: 'receipts, promises, declines: signed by keys valid at the task’s block' },
  { id: 'V5', title: 'cohorts: drawn again from the chain and the run spec' },
  { id: 'V6', title: 'updates: present, canonical, of the model’s shape' },
  { id: 'V7', title: 'weights: from numExamples, caps and unit' },
  { id: 'V8', title: 'models: every aggregate and server step repeated bit for bit' },
  { id: 'V9', title: 'exclusions: reasons fit, nobody given up early, promises held are kept' },
  { id: 'V10', title: 'payouts: scores and entitlements of every settled epoch, to the unit' },
];

/** Steps that need more than the bundle; each is listed when it was asked for. */
export const OPTIONAL_STEPS: typeof STEPS = [
  { id: 'V11', title: 'measurements: made again on the public validation set' },
  { id: 'V12', title: 'training: a round of your own node done again from its seed' },
];

/**
 * Who answers for what does not fit: whoever signed it, as far as a signature that holds tells. What nobody signed was
 * changed by the holder of the files.
 */
export type Culprit = 'coordinator' | 'chain operator' | `node ${number}` | 'holder of the files';

/** The first thing that does not fit. */
export interface Finding {
  readonly step: StepId;
  /** Absent when it is about the whole run or chain. */
  readonly round?: number;
  /** The record or file. */
  readonly record: string;
  readonly expected: string;
  readonly found: string;
  readonly by: Culprit;
}

/** Where something does not fit. */
export type Place = Pick<Finding, 'round' | 'record' | 'by'>;

/** Thrown inside a step and turned into the verdict at its edge; never leaves this room. */
export class Mismatch extends Error {
  readonly finding: Omit<Finding, 'step'>;

  constructor(place: Place, difference: Pick<Finding, 'expected' | 'found'>) {
    const { expected, found } = difference;
    super(`${place.record}: expected ${expected}, found ${found}`);
    this.finding = { ...place, expected, found };
  }
}

/** Throws a Mismatch unless `holds`. */
export function demand(
  holds: boolean,
  place: Place,
  expected: string,
  found: string | number | bigint,
): asserts holds {
  if (!holds) throw new Mismatch(place, { expected, found: String(found) });
}

/** Throws a Mismatch unless both values are equal. */
export function demandEqual(
  expected: string | number | bigint,
  found: string | number | bigint,
  place: Place,
): void {
  if (expected === found) return;
  throw new Mismatch(place, { expected: String(expected), found: String(found) });
}
