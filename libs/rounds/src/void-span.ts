/**
 * Round numbers of a run that do not count: `from` and all up to, but not including, `until` (pallet `VoidSpan`). Numbers
 * that never were a round's are among them. The spans of a run ascend and do not touch; there are at most 64.
 */
export interface VoidSpan {
  readonly from: number;
  readonly until: number;
}

/** True iff the number does not count. */
export function isVoid(spans: readonly VoidSpan[], round: number): boolean {
  return spanOf(spans, round) !== undefined;
}

/** The first number from `round` on that counts. */
export function nextCounting(spans: readonly VoidSpan[], round: number): number {
  return spanOf(spans, round)?.until ?? round;
}

/** The last number up to `round` that counts; undefined when there is none. */
export function lastCounting(spans: readonly VoidSpan[], round: number): number | undefined {
  const span = spanOf(spans, round);
  const last = span === undefined ? round : span.from - 1;
  return last < 0 ? undefined : last;
}

function spanOf(spans: readonly VoidSpan[], round: number): VoidSpan | undefined {
  return spans.find(({ from, until }) => from <= round && round < until);
}
