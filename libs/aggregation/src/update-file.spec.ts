import { readFileSync } from 'node:fs';
import { fromHex, type Hash, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Manifest, manifestOf, type TensorShape } from './manifest.js';
import { decodeUpdate } from './reference.js';
import { encoded } from './testing/encoded.js';
import { randomUpdate } from './testing/random-update.js';
import { DENSE_I32 } from './update-form.js';
import { inspectUpdate } from './update-inspector.js';
import { updateLayout } from './update-layout.js';

interface Vectors {
  updates: {
    name: string;
    tensors: TensorShape[];
    before: string;
    after: string;
    shifts: number[];
    values: string[];
    file: string;
    sha256: Hash;
  }[];
  refusedUpdates: {
    tensors: TensorShape[];
    files: { name: string; code: string; file: string }[];
  };
  acceptedUpdates: { tensors: TensorShape[]; files: { name: string; file: string }[] };
  beyondRange: {
    tensors: TensorShape[];
    before: string;
    after: string;
    code: string;
    tensor: string;
  }[];
}
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
const f32 = (hex: string): Float32Array => new Float32Array(fromHex(hex).buffer);
const manifestFor = (tensors: readonly TensorShape[]): Manifest => manifestOf(sha256, tensors);

describe('encodeUpdate', () => {
  it.each(vectors.updates)('writes the file of the vector: $name', (vector) => {
    const manifest = manifestFor(vector.tensors);
    const file = encoded(manifest, f32(vector.before), f32(vector.after));
    expect([...file.subarray(56, 56 + manifest.blocks)]).toEqual(vector.shifts);
    expect(toHex(file)).toBe(vector.file);
    expect(sha256(file)).toBe(vector.sha256);
    expect([...decodeUpdate(file, manifest, DENSE_I32)]).toEqual(vector.values.map(BigInt));
    expect(inspectUpdate(file, manifest, DENSE_I32)).toMatchObject({ ok: true });
  });

  it.each(vectors.beyondRange)('says $code and names the tensor', (vector) => {
    const manifest = manifestFor(vector.tensors);
    const attempt = (): unknown => encoded(manifest, f32(vector.before), f32(vector.after));
    expect(attempt).toThrow(
      expect.objectContaining({
        code: vector.code,
        meta: expect.objectContaining({ tensor: vector.tensor }),
      }),
    );
  });

  it('is within half a step of the exact change, and always canonical', () => {
    const weight = fc.float({ min: -250, max: 250, noNaN: true });
    const pair = fc.tuple(weight, weight);
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 40 }), (pairs) => {
        const manifest = manifestFor([{ name: 'w', shape: [pairs.length] }]);
        const before = Float32Array.from(pairs, ([from]) => from);
        const after = Float32Array.from(pairs, ([, to]) => to);
        const file = encoded(manifest, before, after);
        expect(inspectUpdate(file, manifest, DENSE_I32)).toMatchObject({ ok: true });
        const half = 2 ** (file[56] - 33);
        decodeUpdate(file, manifest, DENSE_I32).forEach((v, j) => {
          expect(Math.abs(Number(v) / 2 ** 32 - (after[j] - before[j]))).toBeLessThanOrEqual(half);
        });
      }),
    );
  });

  it('refuses arrays of another length', () => {
    const manifest = manifestFor([{ name: 'w', shape: [2] }]);
    const two = new Float32Array(2);
    expect(() => encoded(manifest, two, new Float32Array(3))).toThrow(RangeError);
    expect(() => encoded(manifest, new Float32Array(1), two)).toThrow(RangeError);
  });
});

describe('inspectUpdate', () => {
  const refused = vectors.refusedUpdates;
  it.each(refused.files)('refuses $name with $code', ({ code, file }) => {
    const answer = inspectUpdate(fromHex(file), manifestFor(refused.tensors), DENSE_I32);
    expect(answer).toMatchObject({ ok: false, code });
  });

  const allowed = vectors.acceptedUpdates;
  it.each(allowed.files)('accepts $name', ({ file }) => {
    expect(inspectUpdate(fromHex(file), manifestFor(allowed.tensors), DENSE_I32)).toMatchObject({
      ok: true,
    });
  });

  it('finds one bad value anywhere among many blocks', () => {
    const manifest = manifestFor([
      { name: 'a', shape: [100_000] },
      { name: 'b', shape: [1027] },
    ]);
    const file = randomUpdate(manifest, 7);
    expect(inspectUpdate(file, manifest, DENSE_I32)).toMatchObject({ ok: true });
    const view = new DataView(file.buffer, updateLayout(manifest, DENSE_I32).qAt);
    for (const position of [0, 1023, 65_535, 65_536, 99_999, 100_000, 101_026]) {
      const held = view.getInt32(4 * position, true);
      view.setInt32(4 * position, -(2 ** 31), true);
      expect(inspectUpdate(file, manifest, DENSE_I32)).toMatchObject({ code: 'UPDATE_MALFORMED' });
      view.setInt32(4 * position, held, true);
    }
  });

  it('never throws, whatever the bytes', () => {
    const manifest = manifestFor(refused.tensors);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(inspectUpdate(bytes, manifest, DENSE_I32).ok).toBe(false);
      }),
    );
  });

  it('notices any flipped bit outside q, or reads another value', () => {
    const manifest = manifestFor(allowed.tensors);
    const file = fromHex(allowed.files[1].file);
    const values = decodeUpdate(file, manifest, DENSE_I32);
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const flipped = Uint8Array.from(file);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const accepted = inspectUpdate(flipped, manifest, DENSE_I32).ok;
      expect(accepted ? decodeUpdate(flipped, manifest, DENSE_I32) : undefined).not.toEqual(values);
    }
  });
});

describe('decodeUpdate', () => {
  it('refuses a file of another model', () => {
    const file = fromHex(vectors.updates[0].file);
    expect(() => decodeUpdate(file, manifestFor([{ name: 'x', shape: [8] }]), DENSE_I32)).toThrow(
      expect.objectContaining({ code: 'UPDATE_MALFORMED' }),
    );
  });
});
