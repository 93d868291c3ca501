/** What this browser found when it recomputed a run. */
export interface Verdict {
  /** Rounds that fit. */
  readonly rounds: number;
  /** What did not; null: nothing. */
  readonly finding: string | null;
  readonly atMs: number;
}

/** A run of one federation; numbers begin anew in another one at the same address. */
export interface Judged {
  readonly run: number;
  readonly createdAtMs: number;
}

const KEY = 'tally.verdicts';
/** Verdicts that a browser remembers; the one given first makes room. */
const KEPT = 200;

/** Of a browser's storage, what is used. */
type Store = Pick<Storage, 'getItem' | 'setItem'>;
type Known = Readonly<Record<string, Verdict>>;

const nameOf = ({ run, createdAtMs }: Judged): string => `${run}.${createdAtMs}`;

/** Remembers a verdict in this browser alone. */
export function keepVerdict(run: Judged, verdict: Verdict, store: Store = localStorage): void {
  const { [nameOf(run)]: _, ...others } = readVerdicts(store);
  const kept = Object.entries(others).slice(1 - KEPT);
  try {
    store.setItem(KEY, JSON.stringify(Object.fromEntries([...kept, [nameOf(run), verdict]])));
  } catch {
    // A browser that keeps nothing shows no verdicts in the list.
  }
}

/** By what `verdictIn` looks them up. */
export function readVerdicts(store: Store = localStorage): Known {
  try {
    const known: unknown = JSON.parse(store.getItem(KEY) ?? '{}');
    if (typeof known !== 'object' || known === null) return {};
    return Object.fromEntries(Object.entries(known).filter(([, verdict]) => isVerdict(verdict)));
  } catch {
    return {};
  }
}

export function verdictIn(known: Known, run: Judged): Verdict | undefined {
  return known[nameOf(run)];
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null) return false;
  if (!('rounds' in value && 'finding' in value && 'atMs' in value)) return false;
  const { rounds, finding, atMs } = value;
  const isFinding = finding === null || typeof finding === 'string';
  return typeof rounds === 'number' && typeof atMs === 'number' && isFinding;
}
