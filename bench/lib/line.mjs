// @ts-check
/**
 * A bar is what a figure has to reach, a measurement is what it gave, a line is both with the verdict. Pure functions:
 * `bench/line.spec.ts` holds them.
 */

/**
 * @typedef {object} Bar
 * @property {string} id number of the figure in the table, with what is measured after a dot
 * @property {string} title
 * @property {string} unit
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

/**
 * What was measured for a bar. `atMost` replaces the bar's when the bound depends on what was run.
 * @typedef {{ value: number, note?: string, atMost?: number } | { skipped: string }} Measured
 */

/** @typedef {Bar & { value: number | null, ok: boolean, note?: string, skipped?: string }} Line */

/** @param {Bar} bar @param {Measured | undefined} measured @returns {Line} */
export function lineOf(bar, measured) {
  if (measured === undefined) return { ...bar, value: null, ok: false, skipped: 'not measured' };
  if ('skipped' in measured) return { ...bar, value: null, ok: false, ...measured };
  const { value, note, atMost = bar.atMost } = measured;
  const { atLeast } = bar;
  const ok =
    Number.isFinite(value) &&
    (atLeast !== undefined || atMost !== undefined) &&
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost);
  return {
    ...bar,
    ...(atMost === undefined ? {} : { atMost }),
    value,
    ok,
    ...(note === undefined ? {} : { note }),
  };
}

/** Lines that fall short, skipped ones among them; an exit code is one byte. @param {readonly Line[]} lines */
export function exitCodeOf(lines) {
  return Math.min(255, lines.filter(({ ok }) => !ok).length);
}

/** The line as `--json` prints it. @param {Line} line */
export function jsonOf({ id, value, unit, atLeast, atMost, ok, skipped, note }) {
  return JSON.stringify({
    id,
    value: value === null ? null : rounded(value),
    unit,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
    ok,
    ...(skipped === undefined ? {} : { skipped }),
    ...(note === undefined ? {} : { note }),
  });
}

/** The line as people read it. @param {Line} line */
export function rowOf({ id, title, value, unit, atLeast, atMost, ok, skipped, note }) {
  const word = skipped !== undefined ? 'skipped' : ok ? 'ok' : 'SHORT';
  const bound = atLeast === undefined ? `≤ ${shown(atMost)}` : `≥ ${shown(atLeast)}`;
  const cells = [
    id.padEnd(12),
    word.padEnd(8),
    shown(value ?? undefined).padStart(9),
    bound.padStart(10),
    unit.padEnd(14),
    title,
  ];
  const rest = skipped ?? note;
  return rest === undefined ? cells.join(' ') : `${cells.join(' ')}\n${' '.repeat(22)}${rest}`;
}

/** Four significant digits are more than any of these measurements has. @param {number} value */
export function rounded(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

/** @param {number | undefined} value */
function shown(value) {
  return value === undefined ? '–' : String(rounded(value));
}
