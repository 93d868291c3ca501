// @ts-check
/**
 * A figure of the table: its bars as data, and the function that measures them.
 *
 * @typedef {object} Bench what a figure runs with
 * @property {boolean} full the sizes of the issue instead of small ones
 * @property {import('./python.mjs').Python | undefined} python the peers' environment, when it exists
 * @property {string | undefined} profile folder for CPU profiles of the servers that are started
 * @property {(text: string) => void} say tells the person who waits
 */

/**
 * @typedef {object} Figure
 * @property {boolean} [isPeer] compares with another system: `bench:peers` runs it
 * @property {readonly import('./line.mjs').Bar[]} bars
 * @property {(bench: Bench) => Promise<Record<string, import('./line.mjs').Measured>>} run by id of the bar
 */

import { readdir } from 'node:fs/promises';
import { lineOf } from './line.mjs';

const FOLDER = new URL('../figures/', import.meta.url);

/** All figures, in the order of the table. @returns {Promise<Figure[]>} */
export async function figures() {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.mjs'));
  const loaded = await Promise.all(files.map((name) => import(new URL(name, FOLDER).href)));
  return loaded.map((module) => module.default).toSorted(byNumber);
}

/** Numbers in the table that a figure measures: of most just one. @param {Figure} figure */
export function numbersOf({ bars }) {
  return [...new Set(bars.map(({ id }) => id.split('.')[0] ?? id))];
}

/** 4 < 4b < 10. @param {Figure} a @param {Figure} b */
function byNumber(a, b) {
  const [x = ''] = numbersOf(a);
  const [y = ''] = numbersOf(b);
  return Number.parseInt(x, 10) - Number.parseInt(y, 10) || x.localeCompare(y);
}

/**
 * A part of a figure that may fail without the others: what it measured, or why it did not.
 * @template {object} T @param {Bench} bench @param {() => Promise<T>} work
 * @returns {Promise<T | { skipped: string }>}
 */
export async function attempt({ say }, work) {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(error instanceof Error ? (error.stack ?? reason) : reason);
    return { skipped: `failed: ${reason.split('\n')[0]}` };
  }
}

/**
 * Lines of a figure, whatever happens to it: one that fails falls short with its reason.
 * @param {Figure} figure @param {Bench} bench
 */
export async function linesOf({ bars, run }, bench) {
  const measured = await attempt(bench, async () => ({ byId: await run(bench) }));
  return bars.map((bar) => lineOf(bar, 'byId' in measured ? measured.byId[bar.id] : measured));
}
