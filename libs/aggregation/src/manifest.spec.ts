import { readFileSync } from 'node:fs';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { blockOffsets, manifestOf, tensorAt, type TensorShape } from './manifest.js';

interface Vectors {
  manifests: {
    tensors: TensorShape[];
    d: number;
    blocks: number;
    headerJson: string;
    hash: string;
  }[];
  refusedNames: string[];
}
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));

describe('manifestOf', () => {
  it.each(vectors.manifests)('lays out $headerJson', (vector) => {
    expect(manifestOf(sha256, vector.tensors)).toMatchObject({
      d: vector.d,
      blocks: vector.blocks,
      headerJson: vector.headerJson,
      hash: vector.hash,
    });
  });

  it.each(vectors.refusedNames)('refuses the tensor name %j', (name) => {
    expect(() => manifestOf(sha256, [{ name, shape: [1] }])).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    );
  });

  it.each([
    ['no tensor', []],
    ['a repeated name', ['w', 'w'].map((name) => ({ name, shape: [1] }))],
    ['an empty dimension', [{ name: 'w', shape: [3, 0] }]],
    ['a broken dimension', [{ name: 'w', shape: [1.5] }]],
    ['too many dimensions', [{ name: 'w', shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }]],
    ['too many parameters', [{ name: 'w', shape: [2 ** 20, 2 ** 20] }]],
    ['too many tensors', Array.from({ length: 4097 }, (_, i) => ({ name: `w${i}`, shape: [1] }))],
  ])('refuses %s', (_, tensors) => {
    expect(() => manifestOf(sha256, tensors)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    );
  });

  it('gives another hash to another order, name or shape', () => {
    const a = { name: 'a', shape: [2] };
    const b = { name: 'b', shape: [2] };
    const hashes = [[a, b], [b, a], [a], [{ ...a, shape: [1, 2] }]].map(
      (tensors) => manifestOf(sha256, tensors).hash,
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('blockOffsets', () => {
  it('starts a block at every tensor and after every 1,024 positions', () => {
    const manifest = manifestOf(sha256, [
      { name: 'a', shape: [2049] },
      { name: 'b', shape: [] },
      { name: 'c', shape: [1024] },
    ]);
    expect([...blockOffsets(manifest)]).toEqual([0, 1024, 2048, 2049, 2050, 3074]);
    expect([0, 2048, 2049, 2050, 3073].map((at) => tensorAt(manifest, at))).toEqual(
      ['a', 'a', 'b', 'c', 'c'], //
    );
  });
});
