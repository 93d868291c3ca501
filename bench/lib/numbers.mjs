// @ts-check
/** Arithmetic of the figures. */

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const high = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[half - 1] ?? Number.NaN) + high) / 2;
}

/** The value that `share` of them do not exceed. @param {readonly number[]} values at least one @param {number} share */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * Rate of work that goes through stages one after another on one core: 1 / Σ 1/rate.
 * @param {readonly number[]} rates all in the same unit
 */
export function serialRate(rates) {
  return 1 / rates.reduce((sum, rate) => sum + 1 / rate, 0);
}

/** Events per minute from their times in ms: the intervals between the first and the last. @param {readonly number[]} atMs */
export function perMinute(atMs) {
  const [first] = atMs;
  const last = atMs.at(-1);
  if (first === undefined || last === undefined || last <= first) return 0;
  return (60_000 * (atMs.length - 1)) / (last - first);
}

export const MIB = 2 ** 20;
