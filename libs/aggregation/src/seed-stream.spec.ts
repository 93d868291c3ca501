import { readFileSync } from 'node:fs';
import { fromHex, type Hash, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { type Init, initialWeights } from './initial-weights.js';
import { manifestOf, type TensorShape } from './manifest.js';
import { SeedStream } from './seed-stream.js';

interface Vectors {
  streams: {
    seed: Hash;
    u32: number[];
    uniform: string;
    below: { n: number; value: number }[];
  }[];
  weights: { specHash: Hash; tensors: TensorShape[]; init: Init; weights: string }[];
}
const VECTORS = new URL('../../../test-vectors/init.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));

describe('SeedStream', () => {
  it.each(vectors.streams)('draws the numbers of the vector ($seed)', (vector) => {
    const words = new SeedStream(sha256, vector.seed);
    expect(vector.u32.map(() => words.nextU32())).toEqual(vector.u32);
    const reals = new SeedStream(sha256, vector.seed);
    const wanted = [...new Float64Array(fromHex(vector.uniform).buffer)];
    expect(wanted.map(() => reals.uniform())).toEqual(wanted);
    const numbers = new SeedStream(sha256, vector.seed);
    expect(vector.below.map(({ n }) => numbers.below(n))).toEqual(
      vector.below.map(({ value }) => value),
    );
  });

  it('spreads evenly: 6,000 dice are within 5 deviations of 1,000 each', () => {
    const stream = new SeedStream(sha256, vectors.streams[0].seed);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 6000; i++) counts[stream.below(6)]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses below(%d)', (n) => {
    const stream = new SeedStream(sha256, vectors.streams[0].seed);
    expect(() => stream.below(n)).toThrow(RangeError);
  });
});

describe('initialWeights', () => {
  it.each(vectors.weights)('are the weights of the vector ($init)', (vector) => {
    const manifest = manifestOf(sha256, vector.tensors);
    const { specHash, init } = vector;
    const weights = initialWeights(sha256, { specHash, manifest, init });
    expect(toHex(new Uint8Array(weights.buffer))).toBe(vector.weights);
  });

  it('depend on the spec, but not on the other tensors', () => {
    const [{ specHash }] = vectors.weights;
    const init = { uniform: 0.5 };
    const a = { name: 'a', shape: [4] };
    const b = { name: 'b', shape: [3] };
    const draw = (tensors: TensorShape[], spec: Hash): Float32Array =>
      initialWeights(sha256, { specHash: spec, manifest: manifestOf(sha256, tensors), init });
    const alone = draw([a], specHash);
    expect(draw([a, b], specHash).subarray(0, 4)).toEqual(alone);
    expect(draw([a], vectors.streams[0].seed)).not.toEqual(alone);
    expect(alone.every((w) => Math.abs(w) <= 0.5)).toBe(true);
  });
});
