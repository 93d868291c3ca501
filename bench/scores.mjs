// @ts-check
/**
 * `npm run bench:scores -- --seeds 5 [--json]`: what the contribution policy pays the 26 nodes of its acceptance
 * population (nine good, two small, two with a rare class, three with random labels, six free-riders, one with the
 * wrong sign, one data set three times) over 25 rounds, mean of the seeds 101, 102, …, for labels dealt by
 * Dirichlet(1) and alike. Half a minute a seed. The exit code counts what falls short.
 *
 * Lines `epochs` are the same runs with a pot that gives every epoch as much, under the same bars, but for two figures
 * relative to the good nodes, which by then are paid little: they are measured and have no bar.
 */
import { parseArgs } from 'node:util';
import {
  acceptanceRun,
  measuredRounds,
  payFigures,
  payOf,
  splitInThree,
} from '@tallystick/payout/testing';
import { exitCodeOf, jsonOf, lineOf, rounded, rowOf } from './lib/line.mjs';

const FIRST_SEED = 101;

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const seeds = Number(flags.seeds);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error('--seeds takes a whole number from 1');
  process.exit(64);
}

/** @typedef {Omit<import('./lib/line.mjs').Bar, 'id'>} Bar */
/** @type {Readonly<Record<keyof import('@tallystick/payout/testing').PayFigures, Bar>>} */
const BARS = {
  freeRiders: { title: 'six kinds of free-rider together', unit: 'of the pot', atMost: 0.01 },
  pureNoise: { title: 'all labels random', unit: 'equal shares', atMost: 0.15 },
  flip: { title: 'turned sign', unit: 'of the pot', atMost: 0 },
  auc: { title: 'honest against not, pay per example', unit: 'AUC', atLeast: 0.95 },
  rare: { title: 'holders of a rare class, per example', unit: '× a good one', atLeast: 2 },
  triple: { title: 'one data set three times', unit: '× a good one', atMost: 2 },
  registrations: { title: 'one data set three times', unit: '× its first', atMost: 2 },
};
/** In equal epochs. @type {readonly string[]} */
const WITHOUT_BAR = ['auc', 'triple'];
/** @type {Bar} */
const SPLIT = { title: 'one node split in three: its total score', unit: '× before', atMost: 1.05 };

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** @param {number} seed @param {import('@tallystick/payout/testing').Partition} partition */
async function playSeed(seed, partition) {
  const run = await acceptanceRun(seed, partition);
  const index = run.members.findIndex(({ role }) => role === 'rare');
  const { validation } = run;
  const split = await measuredRounds(splitInThree(run.rounds, index), { validation, seed });
  const [before, after] = [payOf(run.scores), payOf(split)];
  /** @param {'scores' | 'together'} what */
  const ratio = (what) =>
    after[what].slice(index, index + 3).reduce((a, b) => a + b, 0) / before[what][index];
  return {
    together: payFigures(run.members, before.together),
    byEpoch: payFigures(run.members, before.byEpoch),
    split: ratio('scores'),
    splitShare: ratio('together'),
  };
}

/** @type {import('./lib/line.mjs').Line[]} */
/** @type {import("./lib/line.mjs").Line[]} */
const lines = [];
/** @param {import('./lib/line.mjs').Bar} bar @param {readonly number[]} values */
function judge(bar, values) {
  const note = values.map(rounded).join(' ');
  const line = lineOf(bar, { value: mean(values), note });
  lines.push(line);
  console.log(flags.json ? jsonOf(line) : rowOf(line));
}

for (const partition of /** @type {const} */ (['dirichlet', 'iid'])) {
  const runs = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
    runs.push(await playSeed(seed, partition));
    console.error(`${partition} ${seed}`);
  }
  for (const [name, bar] of Object.entries(BARS)) {
    const figure = /** @type {keyof typeof BARS} */ (name);
    judge(
      { ...bar, id: `${partition}.${name}` },
      runs.map(({ together }) => together[figure]),
    );
    const inEpochs = runs.map(({ byEpoch }) => byEpoch[figure]);
    if (WITHOUT_BAR.includes(figure)) {
      console.error(`${partition}.${name}.epochs: ${rounded(mean(inEpochs))}`);
    } else judge({ ...bar, id: `${partition}.${name}.epochs` }, inEpochs);
  }
  judge(
    { ...SPLIT, id: `${partition}.split` },
    runs.map(({ split }) => split),
  );
  console.error(
    `${partition}.split, share of the pot: ${rounded(mean(runs.map((r) => r.splitShare)))}`,
  );
}
process.exitCode = exitCodeOf(lines);
