// @ts-check
/**
 * `npm run bench:heart -- --seeds 10 [--json] [--no-processes]`: Fed-Heart-Disease with FLamby's settings (du Terrail
 * et al. 2022), every strategy over several seeds, in one process. One seed per strategy is repeated as a federation
 * of processes and must give the same model. Prints a line per strategy; the exit code counts the misses.
 *
 * Peer figures (FLamby's published CSVs, mean of 5 seeds): FedAvg .685, FedAdam .7255, FedYogi .7314, FedAdagrad .7314.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TALLY = join(ROOT, 'apps/cli/dist/main.js');
const EXAMPLE = join(ROOT, 'examples/heart-disease');
const run = promisify(execFile);

/** Server and client settings as FLamby published them; the band is the bar of this bench. */
const STRATEGIES = [
  { name: 'FedAvg', lr: 0.001, server: 'fedAvg: { serverLearningRate: 1 }', band: [0.655, 0.735] },
  {
    name: 'FedAdagrad',
    lr: 0.003162,
    server: 'fedAdagrad: { serverLearningRate: 0.316228, tau: 1.0e-8, beta1: 0.9 }',
    band: [0.715, 1],
  },
  {
    name: 'FedAdam',
    lr: 0.01,
    server: 'fedAdam: { serverLearningRate: 0.01, tau: 1.0e-8, beta1: 0.9, beta2: 0.999 }',
    band: [0.715, 1],
  },
  {
    name: 'FedYogi',
    lr: 0.003162,
    server: 'fedYogi: { serverLearningRate: 0.01, tau: 1.0e-8, beta1: 0.9, beta2: 0.999 }',
    band: [0.715, 1],
  },
];

/** @param {(typeof STRATEGIES)[number]} strategy FLamby standardises the one-hot columns too. */
function runYaml(strategy) {
  const scaled = ['age', 'sex', 'trestbps', 'chol', 'fbs', 'thalach', 'exang', 'oldpeak'];
  const features = [
    ...scaled.map((column) => `{ column: ${column}, scale: standard }`),
    '{ column: cp, oneHot: [2, 3, 4], scale: standard }',
    '{ column: restecg, oneHot: [1, 2], scale: standard }',
  ];
  return `tallystick: 1
name: heart-${strategy.name.toLowerCase()}
purpose: DUO:0000007
data:
  dataset: heart
  label: { column: num, above: 0 }
  split: { column: set }
  missing: drop
  features:
${features.map((feature) => `    - ${feature}`).join('\n')}
model:
  layers: [{ dense: { units: 1 } }]
  loss: sigmoidCrossEntropy
  init: { uniform: 0.2773500981 }
local: { steps: 100, batchSize: 4, optimizer: { sgd: { learningRate: ${strategy.lr} } } }
strategy: { ${strategy.server} }
rounds: 15
window: { count: { min: 4, max: 4 }, deadlineMs: 60000 }
seed: 0
`;
}

/** @param {string[]} args @returns {Promise<any>} the JSON value on the last line */
async function tally(args) {
  const { stdout } = await run(process.execPath, [TALLY, ...args, '--json'], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 600_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** @param {number[]} values */
function meanAndSd(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    processes: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const seeds = Number(flags.seeds);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error('--seeds takes a whole number from 1');
  process.exit(64);
}

let misses = 0;
const folder = await mkdtemp(join(tmpdir(), 'tally-bench-heart-'));
try {
  await cp(EXAMPLE, folder, { recursive: true });
  for (const strategy of STRATEGIES) {
    await writeFile(join(folder, 'run.yaml'), runYaml(strategy));
    const accuracies = [];
    let first = '';
    for (let seed = 0; seed < seeds; seed++) {
      const result = await tally(['simulate', folder, '--seed', String(seed)]);
      if (seed === 0) first = result.modelSha256;
      const sites = result.sites.map((/** @type {{accuracy: number}} */ site) => site.accuracy);
      accuracies.push(
        sites.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / sites.length,
      );
    }
    const demo = flags.processes
      ? await tally(['demo', folder, '--once', '--seed', '0', '--port', '0', '--chain-port', '0'])
      : undefined;
    const { mean, sd } = meanAndSd(accuracies);
    const [low, high] = strategy.band;
    const inBand = mean >= low && mean <= high;
    const isSame =
      demo === undefined || (demo.modelSha256 === first && demo.verdict === 'VERIFIED');
    const ok = inBand && isSame;
    if (!ok) misses++;
    const line = {
      strategy: strategy.name,
      hyperparameters: { learningRate: strategy.lr, server: strategy.server },
      seeds,
      mean: Number(mean.toFixed(4)),
      sd: Number(sd.toFixed(4)),
      band: strategy.band,
      modelSha256: first,
      processesModelSha256: demo?.modelSha256 ?? null,
      ok,
    };
    console.log(
      flags.json
        ? JSON.stringify(line)
        : `${line.strategy.padEnd(12)} ${line.mean} ± ${line.sd}  band ${low}–${high}  ${ok ? 'ok' : 'MISSED'}`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = misses;
