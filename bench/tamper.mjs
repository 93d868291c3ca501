// @ts-check
/**
 * `npm run bench:tamper [-- --rounds 10000] [--json]`: every manipulation of the published list (docs/tamper-bench.md) on
 * copies of honest bundles and on their chains, then honest rounds that must raise no alarm. The exit code counts the missed and the alarms.
 *
 * With --json stdout has one line for each manipulation, {name, caught, step, named}; the honest rounds go to stderr.
 */
import { parseArgs } from 'node:util';
import { honestRounds } from '../libs/audit/dist/testing/honest-rounds.js';
import { releasedRuntimes } from '../libs/audit/dist/testing/operator/evidence.js';
import { tamperBundles, tamperLines } from '../libs/audit/dist/testing/tamper-bench.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 0) {
  console.error('--rounds takes a whole number');
  process.exit(64);
}

const knownRuntimes = await releasedRuntimes();
const bundles = await tamperBundles();
let missed = 0;
let played = 0;
try {
  for await (const line of tamperLines(bundles, knownRuntimes)) {
    played++;
    if (!line.caught) missed++;
    const { name, caught, step, named } = line;
    if (flags.json) console.log(JSON.stringify({ name, caught, step, named }));
    else
      console.log(`${caught ? 'ok    ' : 'MISSED'} ${(step ?? '–').padEnd(8)} ${name}: ${named}`);
  }
} finally {
  for (const bundle of Object.values(bundles)) await bundle.remove();
}
console.error(`${played} manipulations, ${missed} missed`);

const honest = await honestRounds(rounds, knownRuntimes, (so) => {
  if (so.runs % 10 === 0) console.error(`${so.rounds} honest rounds, ${so.alarms.length} alarms`);
});
for (const { seed, found } of honest.alarms) console.error(`false alarm, seed ${seed}: ${found}`);
const { runs, emptyRounds, alarms } = honest;
const about = `${honest.rounds} honest rounds in ${runs} runs, ${emptyRounds} of them empty`;
console.error(`${about}: ${alarms.length} false alarms`);
process.exitCode = Math.min(255, missed + alarms.length);
