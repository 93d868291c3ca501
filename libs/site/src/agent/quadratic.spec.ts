import {
  Accumulator,
  addToTotals,
  DENSE_I32,
  type Manifest,
  manifestOf,
  NO_TOTALS,
  type ServerState,
  takeStep,
  updateManifestOf,
} from '@tallystick/aggregation';
import { asHash, asNodeId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { RunSpec } from '@tallystick/protocol';
import { strategyOf, weightedOf } from '@tallystick/rounds';
import type { Trainer, TrainRequest, TrainResult } from '@tallystick/training';
import { describe, expect, it } from 'vitest';
import { decodeSiteState, type SiteState } from '../state/site-state.js';
import { testSpec } from '../testing/test-run.js';
import { trainUpdate, type UpdateJob } from './train-update.js';

/** f(x) = a/2·(x − b)². */
interface Client {
  readonly a: number;
  readonly b: number;
  /** Train rows, in batches of 4: with one epoch the local steps are a quarter of it. */
  readonly rows: number;
}

const MANIFEST: Manifest = manifestOf(sha256, [{ name: 'w', shape: [1] }]);
const ETA = 0.05;
/** Ten full-gradient steps each, as in the published fixed points. */
const EVEN: readonly Client[] = [
  { a: 1, b: 0, rows: 40 },
  { a: 10, b: 1, rows: 40 },
];

/** Gradient descent on a quadratic, in binary64, by the rules that a run gives its sites. */
class QuadraticTrainer implements Trainer {
  client: Client = EVEN[0];

  async train({ weights, local, drift }: TrainRequest): Promise<TrainResult> {
    const { a, b, rows } = this.client;
    const [start] = weights;
    let w = start;
    for (let step = 0; step < rows / local.batchSize; step++) {
      const gradient = a * (w - b) + local.proximalMu * (w - start) + (drift?.[0] ?? 0);
      w -= local.optimizer.sgd.learningRate * gradient;
    }
    return { weights: Float32Array.of(w), lossBefore: 1, lossAfter: 0, numExamples: rows };
  }

  evaluate(): Promise<never> {
    return Promise.reject(new Error('not asked'));
  }

  async close(): Promise<void> {}
}

/** A run of epochs with one change to its YAML. */
function specOf(strategy: string, mu = 0): RunSpec {
  const { spec } = testSpec((yaml) =>
    yaml
      .replace('fedAvg: {}', strategy)
      .replace('steps: 10', `epochs: 1, proximalMu: ${mu}`)
      .replace('learningRate: 0.01', `learningRate: ${ETA}`)
      .replace('window:', 'numeric: { weighting: equal }\nwindow:'),
  );
  return spec;
}

interface Setting {
  readonly clients?: readonly Client[];
  readonly rounds?: number;
  readonly start?: number;
  /** What a mutant breaks. */
  readonly broken?: 'steps' | 'state' | 'control';
}

/** Where the rounds end: the node's own code, real update files, the real accumulator and server step. */
async function fixedPoint(spec: RunSpec, setting: Setting = {}): Promise<number> {
  const { clients = EVEN, rounds = 500, start = 0, broken } = setting;
  const trainer = new QuadraticTrainer();
  const strategy = strategyOf(spec.strategy);
  const updates = updateManifestOf(sha256, MANIFEST, strategy.kind);
  const carried: (SiteState | undefined)[] = clients.map(() => undefined);
  let model: Float32Array = Float32Array.of(start);
  let state: ServerState | undefined;
  for (let round = 0; round < rounds; round++) {
    const accumulator = new Accumulator(updates, DENSE_I32);
    let totals = NO_TOTALS;
    for (const [i, client] of clients.entries()) {
      trainer.client = client;
      const control = strategy.kind === 'scaffold' ? new Float64Array(1) : undefined;
      if (control !== undefined && broken !== 'control') control.set(state?.c ?? [0]);
      const job: UpdateJob = {
        task: { spec: asHash('07'.repeat(32)), round },
        spec,
        node: asNodeId(i),
        datasetPath: '',
        model: { manifest: MANIFEST, weights: model },
        state: control && (carried[i] ?? new Float32Array(1)),
        control,
      };
      const made = await trainUpdate(job, { trainer, sha256 }, new AbortController().signal);
      if (made.state !== undefined && broken !== 'state') carried[i] = opened(made.state);
      const update = sha256(made.bytes);
      const { numExamples } = made;
      const weighted = weightedOf(spec, { node: asNodeId(i), update, numExamples, weight: 1n });
      const steps = broken === 'steps' ? 1 : weighted.steps;
      totals = addToTotals(totals, { ...weighted, steps });
      accumulator.add(made.bytes, weighted.weight);
    }
    const sums = accumulator.sums();
    const { length: cohort } = clients;
    const step = takeStep({ manifest: MANIFEST, model, sums, state, strategy, cohort, ...totals });
    if (!step.ok) return Number.NaN;
    ({ model, state } = step);
  }
  return model[0];
}

function opened(file: Uint8Array): SiteState {
  const read = decodeSiteState(sha256, MANIFEST, file);
  if (!read.ok) throw new Error(read.reason);
  return read.state;
}

const OPTIMUM = 10 / 11;

describe('fixed points of two quadratic sites, a = (1, 10), b = (0, 1), η = .05', () => {
  it.each([
    ['FedAvg', 'fedAvg: {}', 0, 0.7134421696847],
    ['FedProx μ = .1', 'fedAvg: {}', 0.1, 0.7157983330102],
    ['FedProx μ = 1', 'fedAvg: {}', 1, 0.7361878941429],
    ['FedProx μ = 10', 'fedAvg: {}', 10, 0.8461981747385],
    ['SCAFFOLD', 'scaffold: {}', 0, OPTIMUM],
    ['FedNova, equal steps', 'fedNova: {}', 0, 0.7134421696847],
  ])('%s, ten steps each', async (_, strategy, mu, want) => {
    expect(Math.abs((await fixedPoint(specOf(strategy, mu))) - want)).toBeLessThan(1e-6);
  });

  it('mutants miss SCAFFOLD’s: the site forgets cᵢ, the server’s c is not used, no correction at all', async () => {
    const spec = specOf('scaffold: {}');
    for (const broken of ['state', 'control'] as const) {
      const end = await fixedPoint(spec, { broken });
      expect(Math.abs(end - OPTIMUM) < 1e-6).toBe(false);
    }
    expect(Math.abs((await fixedPoint(specOf('fedAvg: {}'))) - OPTIMUM)).toBeGreaterThan(0.1);
  });

  it('mutants miss FedProx’s: another μ, none', async () => {
    for (const mu of [0.2, 0]) {
      const end = await fixedPoint(specOf('fedAvg: {}', mu));
      expect(Math.abs(end - 0.7157983330102)).toBeGreaterThan(1e-3);
    }
  });
});

describe('sites that take two and eight steps to optima 0 and 1 of the same shape', () => {
  const clients: readonly Client[] = [
    { a: 0.4, b: 0, rows: 8 },
    { a: 0.4, b: 1, rows: 32 },
  ];
  const progress = clients.map(({ a, rows }) => 1 - (1 - ETA * a) ** (rows / 4));
  /** Σ hᵢ·bᵢ ÷ Σ hᵢ. */
  const pull = (first: number, second: number): number => second / (first + second);

  it('FedAvg ends near the site that works longer', async () => {
    const end = await fixedPoint(specOf('fedAvg: {}'), { clients });
    expect(Math.abs(end - pull(progress[0], progress[1]))).toBeLessThan(1e-6);
    expect(end).toBeGreaterThan(0.78);
  });

  it('FedNova ends in the middle, up to what eight steps saturate', async () => {
    const end = await fixedPoint(specOf('fedNova: {}'), { clients });
    expect(Math.abs(end - pull(progress[0] / 2, progress[1] / 8))).toBeLessThan(1e-6);
    expect(Math.abs(end - 0.5)).toBeLessThan(0.016);
  });

  it('a mutant that ignores the mean of the steps is elsewhere', async () => {
    const spec = specOf('fedNova: {}');
    const want = await fixedPoint(spec, { clients, rounds: 20 });
    const end = await fixedPoint(spec, { clients, rounds: 20, broken: 'steps' });
    expect(Math.abs(end - want)).toBeGreaterThan(0.1);
  });
});

describe('FedNova with equal steps', () => {
  /** Eight steps each; weights stay in [½, 1), where an eighth of a change is a whole number of 2⁻³². */
  const clients: readonly Client[] = [
    { a: 1, b: 0.6, rows: 32 },
    { a: 3, b: 0.9, rows: 32 },
  ];
  const at = { clients, start: 0.75, rounds: 7 };

  it('is FedAvg bit for bit when they are a power of two', async () => {
    const want = await fixedPoint(specOf('fedAvg: {}'), at);
    expect(await fixedPoint(specOf('fedNova: {}'), at)).toBe(want);
    const mutant = await fixedPoint(specOf('fedNova: {}'), { ...at, broken: 'steps' });
    expect(mutant).not.toBe(want);
  });
});
