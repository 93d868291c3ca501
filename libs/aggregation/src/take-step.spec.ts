import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accumulator } from './accumulator.js';
import { type Manifest, manifestOf } from './manifest.js';
import { type ServerState, stateParts } from './server-state.js';
import type { Strategy } from './strategy.js';
import { encoded } from './testing/encoded.js';
import { type ReferenceState, referenceStep } from './testing/reference-step.js';
import { DENSE_I32 } from './update-form.js';
import { takeStep } from './take-step.js';

interface Vectors {
  fedOpt: {
    x0: number[];
    deltas: number[][];
    serverLearningRate: number;
    beta1: number;
    beta2: number;
    tau: number;
    rows: { kind: 'fedAdagrad' | 'fedAdam' | 'fedYogi'; x: number[]; v: number[] }[];
  };
  steps: {
    strategy: Strategy;
    model: string;
    rounds: { sums: string[]; sumWeight: string; model: string; m?: string; v?: string }[];
  }[];
  notFinite: { strategy: Strategy; model: string; sums: string[]; sumWeight: string }[];
}
const VECTORS = new URL('../../../test-vectors/optimizers.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
const { fedOpt } = vectors;
const f32 = (hex: string): Float32Array => new Float32Array(fromHex(hex).buffer);
const hexOf = (array: Float32Array | Float64Array | undefined): string | undefined =>
  array && toHex(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
const vectorManifest = (d: number): Manifest => manifestOf(sha256, [{ name: 'w', shape: [d] }]);
const zero = (x: number): ReferenceState => ({ x, m: 0, v: 0 });

function strategyOf(kind: (typeof fedOpt.rows)[number]['kind']): Strategy {
  const { serverLearningRate, beta1, beta2, tau } = fedOpt;
  if (kind === 'fedAdagrad') return { kind, serverLearningRate, beta1, tau };
  return { kind, serverLearningRate, beta1, beta2, tau };
}

/** Largest distance between two lists of numbers. */
function distance(a: Iterable<number>, b: readonly number[]): number {
  return Math.max(...[...a].map((value, j) => Math.abs(value - b[j])));
}

/** The reference over all deltas, `change` applied to each g on the way. */
function referenceRun(strategy: Strategy, change = (g: number): number => g): ReferenceState[] {
  return fedOpt.x0.map((x, j) =>
    fedOpt.deltas.reduce((at, delta) => referenceStep(strategy, at, change(delta[j])), zero(x)),
  );
}

/** The product's path: codec, accumulator, kernel, float32 model; `sign` and `weigh` are for mutants. */
function productRun(
  strategy: Strategy,
  { sign = 1, weigh = true } = {},
): { model: Float32Array; state: ServerState | undefined } {
  const manifest = vectorManifest(fedOpt.x0.length);
  let model: Float32Array = Float32Array.from(fedOpt.x0);
  let state: ServerState | undefined;
  for (const delta of fedOpt.deltas) {
    // Two nodes whose weighted mean, (3·1.5Δ − 1·0.5Δ) ÷ 4, is Δ.
    const accumulator = new Accumulator(manifest, DENSE_I32);
    for (const { factor, weight } of [
      { factor: 1.5, weight: 3n },
      { factor: -0.5, weight: 1n },
    ]) {
      const after = model.map((x, j) => x + sign * factor * delta[j]);
      accumulator.add(encoded(manifest, model, after), weigh ? weight : 1n);
    }
    const { sumWeight } = accumulator;
    const sums = accumulator.sums();
    const step = takeStep({ manifest, model, sums, sumWeight, strategy, state });
    if (!step.ok) throw new Error('not finite');
    ({ model, state } = step);
  }
  return { model, state };
}

describe('takeStep', () => {
  describe.each(fedOpt.rows)('D: $kind meets the FedOpt vectors', ({ kind, x, v }) => {
    const strategy = strategyOf(kind);

    it('to 1e-9 in binary64', () => {
      const end = referenceRun(strategy);
      expect(distance(end.map((at) => at.x), x)).toBeLessThan(1e-9); // prettier-ignore
      expect(distance(end.map((at) => at.v), v)).toBeLessThan(1e-9); // prettier-ignore
    });

    it('to 1e-6 through codec, weights and float32 model', () => {
      const { model, state } = productRun(strategy);
      expect(distance(model, x)).toBeLessThan(1e-6);
      expect(distance(state?.v ?? [], v)).toBeLessThan(1e-6);
    });

    it('mutants miss them: one sign flipped, weights ignored', () => {
      const flipped = referenceRun(strategy, (g) => -g);
      expect(distance(flipped.map((at) => at.x), x)).toBeGreaterThan(1e-6); // prettier-ignore
      expect(distance(productRun(strategy, { sign: -1 }).model, x)).toBeGreaterThan(1e-6);
      expect(distance(productRun(strategy, { weigh: false }).model, x)).toBeGreaterThan(1e-6);
    });
  });

  it.each(vectors.steps)('D: the bits of the vector, $strategy', ({ strategy, model, rounds }) => {
    let at = f32(model);
    let state: ServerState | undefined;
    for (const round of rounds) {
      const manifest = vectorManifest(at.length);
      const sums = BigInt64Array.from(round.sums, BigInt);
      const sumWeight = BigInt(round.sumWeight);
      const step = takeStep({ manifest, model: at, sums, sumWeight, strategy, state });
      if (!step.ok) throw new Error('not finite');
      expect(hexOf(step.model)).toBe(round.model);
      expect(hexOf(step.state?.m)).toBe(round.m);
      expect(hexOf(step.state?.v)).toBe(round.v);
      ({ model: at, state } = step);
    }
  });

  it('D: equals the JavaScript reference bit for bit, over several chunks', () => {
    const beta = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const eta = fc.double({ min: 1e-6, max: 10, noNaN: true });
    const tau = fc.double({ min: 1e-12, max: 1, noNaN: true });
    const kind = fc.constantFrom('fedAvg', 'fedAvgM', 'fedAdagrad', 'fedAdam', 'fedYogi');
    const seeds = fc.array(fc.tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(62)), {
      minLength: 1,
      maxLength: 50,
    });
    const weight = fc.bigInt(1n, 2n ** 22n - 1n);
    const rates = fc.record({ kind, serverLearningRate: eta, beta1: beta, beta2: beta, tau });
    fc.assert(
      fc.property(rates, seeds, weight, (given, drawn, sumWeight) => {
        const strategy = pick(given);
        const d = 8_200;
        const sums = BigInt64Array.from({ length: d }, (_, j) => {
          const [sum, shift] = drawn[j % drawn.length];
          return sum >> BigInt(shift);
        });
        compareWithReference(strategy, sums, sumWeight);
      }),
      { numRuns: 20 },
    );
  });

  it.each(vectors.notFinite)('says so when a value is not finite: $strategy', (vector) => {
    const model = f32(vector.model);
    const input = { manifest: vectorManifest(2), model, state: undefined };
    const sums = BigInt64Array.from(vector.sums, BigInt);
    const { strategy } = vector;
    expect(takeStep({ ...input, sums, strategy, sumWeight: 1n })).toEqual({ ok: false });
    expect(hexOf(model)).toBe(vector.model);
  });

  it('says so when only the state is not finite', () => {
    const strategy = strategyOf('fedAdagrad');
    const state = { m: new Float64Array([0, 0]), v: new Float64Array([0, Infinity]) };
    const sums = new BigInt64Array(2);
    const model = new Float32Array(2);
    const manifest = vectorManifest(2);
    expect(takeStep({ manifest, model, sums, sumWeight: 1n, strategy, state })).toEqual({
      ok: false,
    });
  });

  const plain = { kind: 'fedAvg', serverLearningRate: 1 } as const;
  const yogi = { kind: 'fedYogi', serverLearningRate: 1, beta1: 0, beta2: 0, tau: 1 } as const;
  it.each<[string, Strategy, { sumWeight?: bigint; d?: number }]>([
    ['a rate of 0', { ...plain, serverLearningRate: 0 }, {}],
    ['an infinite rate', { ...plain, serverLearningRate: Infinity }, {}],
    ['beta1 of 1', { kind: 'fedAvgM', serverLearningRate: 1, beta1: 1 }, {}],
    ['a negative beta1', { kind: 'fedAvgM', serverLearningRate: 1, beta1: -0.1 }, {}],
    ['beta2 of NaN', { ...yogi, beta2: NaN }, {}],
    ['a tau of 0', { ...yogi, tau: 0 }, {}],
    ['a sum of weights of 0', plain, { sumWeight: 0n }],
    ['sums of another length', plain, { d: 3 }],
  ])('refuses %s', (_, strategy, { sumWeight = 1n, d = 2 }) => {
    const manifest = vectorManifest(2);
    const model = new Float32Array(2);
    const sums = new BigInt64Array(d);
    expect(() =>
      takeStep({ manifest, model, sums, sumWeight, strategy, state: undefined }),
    ).toThrow(RangeError);
  });

  it('refuses the state of another strategy', () => {
    const manifest = vectorManifest(1);
    const model = new Float32Array(1);
    const sums = new BigInt64Array(1);
    const state = { m: new Float64Array(1) };
    const strategy = strategyOf('fedYogi');
    expect(() => takeStep({ manifest, model, sums, sumWeight: 1n, strategy, state })).toThrow(
      RangeError,
    );
  });
});

/** A strategy of the drawn kind. */
function pick(given: {
  kind: Strategy['kind'];
  serverLearningRate: number;
  beta1: number;
  beta2: number;
  tau: number;
}): Strategy {
  const { kind, serverLearningRate, beta1, beta2, tau } = given;
  if (kind === 'fedAvg') return { kind, serverLearningRate };
  if (kind === 'fedAvgM') return { kind, serverLearningRate, beta1 };
  if (kind === 'fedAdagrad') return { kind, serverLearningRate, beta1, tau };
  return { kind, serverLearningRate, beta1, beta2, tau };
}

/** Two rounds by kernel and by reference; both float32 models and both moments must have equal bits. */
function compareWithReference(strategy: Strategy, sums: BigInt64Array, sumWeight: bigint): void {
  const manifest = vectorManifest(sums.length);
  let model: Float32Array = Float32Array.from(sums, (sum) => Number(sum % 1000n) / 1000);
  let state: ServerState | undefined;
  let expected = Array.from(model, zero);
  for (let round = 0; round < 2; round++) {
    const step = takeStep({ manifest, model, sums, sumWeight, strategy, state });
    if (!step.ok) throw new Error('not finite');
    ({ model, state } = step);
    expected = expected.map((at, j) => {
      const g = (Number(sums[j]) / Number(sumWeight)) * 2 ** -32;
      const next = referenceStep(strategy, at, g);
      return { ...next, x: Math.fround(next.x) };
    });
    expect(hexOf(model)).toBe(hexOf(Float32Array.from(expected, (at) => at.x)));
    const parts = stateParts(strategy.kind);
    const first = parts.includes('m') ? Float64Array.from(expected, (at) => at.m) : undefined;
    const second = parts.includes('v') ? Float64Array.from(expected, (at) => at.v) : undefined;
    expect(hexOf(state?.m)).toBe(hexOf(first));
    expect(hexOf(state?.v)).toBe(hexOf(second));
  }
}
