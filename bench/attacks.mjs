// @ts-check
/**
 * `npm run bench:attacks -- --seeds 3 [--table] [--json]`: what four liars among twenty sites do to optdigits, thirty
 * rounds in one process, with the plain mean and with the robust rules. Accuracy is over all test rows, the last three
 * rounds and the seeds; a run that its liars stop counts with the models it had. The exit code counts what falls short.
 *
 * Without --table only what has a bar: the default rule and the mean. NumPy on the same data, sites not standardised:
 * mean 78.2 under gauss and 12.8 under scale, Multi-Krum 93.3 to 93.6 under every attack.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accuracyOf, attackedRun } from '../e2e/attacker/attacked-run.mjs';
import { FLIP, flipped, isAttack } from '../e2e/attacker/attacks.mjs';
import { loadExample } from '../apps/cli/dist/federation/example.js';
import { copyDigits, dealUnevenly, leaveUnscaled } from './lib/digits.mjs';
import { exitCodeOf, jsonOf, lineOf, rowOf } from './lib/line.mjs';
import { inScratch } from './lib/scratch.mjs';

const LIARS = 4;
const LAST_ROUNDS = 3;
const DEFAULT = 'multiKrum';
/** Nobody lies, but no site has the digits of another. The bar is for sites that see the same pixels, as NumPy's did. */
const UNEVEN = 'dirichlet';
/** The same, each site standardised by the few digits it has. */
const SKEWED = 'dirichletStandardised';
const ATTACKS = ['none', 'sign10', 'gauss', 'scale', FLIP];
const RULES = ['mean', DEFAULT, 'median', 'trimmedMean', 'geometricMedian', 'krum', 'bulyan'];
/** Centred clipping needs a radius: honest updates are 1.2 long in the first round, .3 to .6 after it. */
const CENTRED = 'centredClipping';
const RADIUS = 0.5;

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    table: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seeds = Number(flags.seeds);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error('--seeds takes a whole number from 1');
  process.exit(64);
}

/** @param {string} rule */
function robustOf(rule) {
  if (rule === 'mean') return '';
  const radius = rule === CENTRED ? `, radius: ${RADIUS}` : '';
  return `robust: { rule: ${rule}, attackers: ${LIARS}${radius} }\n`;
}

/** Percent, one seed. @param {string} attack @param {string} rule @param {number} seed */
function accuracy(attack, rule, seed) {
  return inScratch(async (folder) => {
    await copyDigits(folder);
    const run = join(folder, 'run.yaml');
    await writeFile(run, `${await readFile(run, 'utf8')}${robustOf(rule)}`);
    if (attack === UNEVEN || attack === SKEWED) await dealUnevenly(folder, seed);
    if (attack === UNEVEN) await leaveUnscaled(folder);
    const example = await loadExample(folder, seed);
    const liars = example.sites.slice(0, LIARS).map(({ datasetPath }) => datasetPath);
    if (attack === FLIP) {
      for (const csv of liars) await writeFile(csv, flipped(await readFile(csv, 'utf8')));
    }
    const spoils = isAttack(attack) ? attack : 'none';
    const { models } = await attackedRun(example, new Map(liars.map((csv) => [csv, spoils])));
    const last = models.slice(-LAST_ROUNDS);
    let sum = 0;
    for (const id of last) sum += await accuracyOf(example, id);
    return sum / last.length;
  });
}

/** @type {Map<string, number>} */
const known = new Map();
/** Percent over the seeds. @param {string} attack @param {string} rule */
async function measure(attack, rule) {
  const id = `${attack}.${rule}`;
  const before = known.get(id);
  if (before !== undefined) return before;
  const values = [];
  for (let seed = 0; seed < seeds; seed++) values.push(await accuracy(attack, rule, seed));
  const mean = values.reduce((a, b) => a + b, 0) / seeds;
  console.error(`${id}: ${values.map((value) => value.toFixed(2)).join(' ')}`);
  known.set(id, mean);
  return mean;
}

/** What the default rule loses against the mean when nobody lies. @param {string} data */
const gain = async (data) => (await measure(data, DEFAULT)) - (await measure(data, 'mean'));

/** @typedef {Omit<import('./lib/line.mjs').Bar, 'title'>} Bar */
/** @type {readonly (Bar & { title: string, work: () => Promise<number> })[]} */
const BARS = [
  ...['sign10', 'gauss', 'scale', FLIP].map((attack) => ({
    ...{ id: `19.${attack}.${DEFAULT}`, title: `${attack}: the default rule`, unit: '%' },
    atLeast: 92,
    work: () => measure(attack, DEFAULT),
  })),
  ...['gauss', 'scale'].map((attack) => ({
    ...{ id: `19.${attack}.mean`, title: `${attack}: the mean fails`, unit: '%', atMost: 85 },
    work: () => measure(attack, 'mean'),
  })),
  {
    ...{ id: '20.iid', title: 'no attack: default rule against mean', unit: 'points' },
    atLeast: -0.5,
    work: () => gain('none'),
  },
  {
    ...{ id: '20.dirichlet', title: 'Dirichlet(.5): default rule against mean', unit: 'points' },
    atLeast: -1,
    work: () => gain(UNEVEN),
  },
];

const lines = [];
for (const { work, ...bar } of BARS) {
  const line = lineOf(bar, { value: await work(), note: `${seeds} seeds` });
  lines.push(line);
  console.log(flags.json ? jsonOf(line) : rowOf(line));
}
if (flags.table) await printTable();
process.exitCode = exitCodeOf(lines);

/** Every rule under every attack; no bars. */
async function printTable() {
  const rules = [...RULES, CENTRED];
  if (!flags.json) console.log(`\n| | ${rules.join(' | ')} |\n|---|${'--:|'.repeat(rules.length)}`);
  for (const attack of [...ATTACKS, UNEVEN, SKEWED]) {
    const cells = [];
    for (const rule of rules) cells.push((await measure(attack, rule)).toFixed(1));
    if (flags.json) console.log(JSON.stringify({ attack, rules, accuracy: cells.map(Number) }));
    else console.log(`| ${attack} | ${cells.join(' | ')} |`);
  }
}
