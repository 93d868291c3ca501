// @ts-check
/** Figure 10: the lines of `bench/codecs.mjs`, which says what they mean. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CODECS = fileURLToPath(new URL('../codecs.mjs', import.meta.url));
/** One run's accuracy varies by .4 points, so fewer cannot tell a difference of .5. */
const SEEDS = 8;
const BARS = [
  { id: '10.i16.bytes', title: 'i16: bytes of an update', unit: '% of float32', atMost: 51 },
  { id: '10.i16.accuracy', title: 'i16: accuracy against i32', unit: 'points', atLeast: -0.5 },
  { id: '10.i8.bytes', title: 'i8: bytes of an update', unit: '% of float32', atMost: 26 },
  { id: '10.i8.accuracy', title: 'i8: accuracy against i32', unit: 'points', atLeast: -0.5 },
];

/** @param {number} seeds @returns {Promise<string>} */
function linesOf(seeds) {
  const child = spawn(process.execPath, [CODECS, '--json', '--seeds', String(seeds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(stdout)); // its code counts lines that fall short; they are judged here
  });
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: BARS,
  async run() {
    if (!existsSync(CODECS)) throw new Error('bench/codecs.mjs is not there');
    const lines = (await linesOf(SEEDS)).split('\n').filter((line) => line.startsWith('{'));
    const note = `optdigits, ${SEEDS} seeds`;
    return Object.fromEntries(
      lines.map((line) => {
        const { id, value } = JSON.parse(line);
        return [id, { value, note }];
      }),
    );
  },
};
