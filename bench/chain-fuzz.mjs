// @ts-check
/**
 * Random walks on the released wasm and on the model of pallet-tally at once (libs/chain/src/testing/model): after every
 * block the results of its calls and every storage item must be the same. Prints how often each call was made and each
 * error came; exit code 1 for a difference, or when a call or an error that a walk can reach never came.
 *
 *   node bench/chain-fuzz.mjs [first seed] [walks] [calls of each]
 */
import { readFile } from 'node:fs/promises';
import { walk } from '../libs/chain/dist/testing/model/differential.js';
import { UNREACHABLE } from '../libs/chain/dist/testing/model/unreachable.js';

const ERRORS = new URL('../chain/pallets/tally/src/errors.rs', import.meta.url);
const CALLS = 27;

const [first = 1, walks = 20, calls = 600] = process.argv.slice(2).map(Number);
/** @type {import('../libs/chain/dist/testing/model/differential.js').Counts} */
const counts = { calls: new Map(), results: new Map(), difference: undefined };
for (let seed = first; seed < first + walks && counts.difference === undefined; seed++) {
  await walk({ seed, calls }, counts);
}

const source = await readFile(ERRORS, 'utf8');
const errors = [...source.matchAll(/^ {8}([A-Z]\w+),$/gm)].map(([, name = '']) => name);
const missing = errors.filter((name) => !counts.results.has(name) && !UNREACHABLE.has(name));
/** @param {ReadonlyMap<string, number>} times */
const byName = (times) => [...times].sort(([a], [b]) => (a < b ? -1 : 1));
const lines = [
  ...byName(counts.calls).map(([name, times]) => `call ${name} ${times}`),
  ...byName(counts.results).map(([name, times]) => `result ${name} ${times}`),
  ...missing.map((name) => `never: ${name}`),
  `${counts.calls.size} of ${CALLS} calls, ${errors.length - missing.length - UNREACHABLE.size} of ` +
    `${errors.length - UNREACHABLE.size} errors, seeds ${first} to ${first + walks - 1}`,
];
console.log(lines.join('\n'));
if (counts.difference !== undefined) console.error(counts.difference);
if (counts.difference !== undefined || missing.length > 0 || counts.calls.size < CALLS) {
  process.exitCode = 1;
}
