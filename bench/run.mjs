// @ts-check
/**
 * `npm run bench`: one table, each line a ratio against a ceiling or a peer in the same run. bench/README.md says what the
 * figures mean. The exit code counts the lines that fall short, skipped ones among them.
 *
 *   npm run bench -- --only 1,4b   some figures
 *   npm run bench -- --json        a line of JSON each; everything else goes to stderr
 *   npm run bench -- --full        the sizes of the table: gigabytes and minutes
 *   npm run bench:peers            only what compares with a peer, which is installed first
 */
import { parseArgs } from 'node:util';
import { figures, linesOf, numbersOf } from './lib/figure.mjs';
import { exitCodeOf, jsonOf, rowOf } from './lib/line.mjs';
import { load, machine } from './lib/machine.mjs';
import { findPython, makePython } from './lib/python.mjs';
import { sweepScratch } from './lib/scratch.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});

/** @param {string} text */
const say = (text) => console.error(text);

const all = await figures();
const numbers = all.flatMap(numbersOf);
const wanted = flags.only?.split(',') ?? numbers;
const unknown = wanted.filter((number) => !numbers.includes(number));
if (unknown.length > 0) {
  say(`no figure ${unknown.join(', ')}; there are ${numbers.join(', ')}`);
  process.exit(64);
}
const chosen = all
  .filter((figure) => numbersOf(figure).some((number) => wanted.includes(number)))
  .filter(({ isPeer }) => !flags.peers || isPeer === true);

const python = flags.peers ? await makePython(say) : await findPython();
const bench = { full: flags.full, python, profile: flags.profile, say };
const facts = JSON.stringify(machine());
if (flags.json) say(facts);
else console.log(facts);

const lines = [];
for (const figure of chosen) {
  const startMs = performance.now();
  for (const line of await linesOf(figure, bench)) {
    lines.push(line);
    console.log(flags.json ? jsonOf(line) : rowOf(line));
  }
  const seconds = ((performance.now() - startMs) / 1e3).toFixed(1);
  sweepScratch();
  say(`figure ${numbersOf(figure).join(', ')}: ${seconds} s, load ${load()}`);
}
process.exitCode = exitCodeOf(lines);
