import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accumulator } from './accumulator.js';
import { CODECS } from './codec.js';
import { FoldLane, foldMemory } from './fold-lane.js';
import { type Manifest, manifestOf } from './manifest.js';
import { decodeUpdate, referenceSum } from './reference.js';
import { FORMS, nameOf } from './testing/forms.js';
import { randomUpdate, setQ } from './testing/random-update.js';
import { referenceNorm } from './testing/reference-norm.js';
import type { UpdateForm } from './update-form.js';
import { inspectUpdate, UpdateInspector } from './update-inspector.js';
import { updateLayout, type UpdateLayout } from './update-layout.js';
import { sourceOf } from './update-source.js';

/** Tensors of any size, so that blocks begin at odd positions and end anywhere. */
const manifests = fc
  .array(fc.integer({ min: 1, max: 2600 }), { minLength: 1, maxLength: 4 })
  .map((sizes) =>
    manifestOf(
      sha256,
      sizes.map((size, i) => ({ name: `t${i}`, shape: [size] })),
    ),
  );
const seeds = fc.nat(1_000_000);
/** Three blocks of 1,024, one of 3 and one of 7 positions. */
const MANIFEST: Manifest = manifestOf(sha256, [
  { name: 'a', shape: [3075] },
  { name: 'b', shape: [7] },
]);

/** A sparse file may name a position and send 0 for it; which one then is no change of values. */
function withoutZeros(file: Uint8Array, layout: UpdateLayout): Uint8Array {
  const { qAt, sent } = layout;
  const { bytesPerQ } = layout.codec;
  for (let index = 0; index < sent; index++) {
    const at = qAt + bytesPerQ * index;
    const isZero = file.subarray(at, at + bytesPerQ).every((byte) => byte === 0);
    if (isZero) setQ(file, layout, { index, value: 1 });
  }
  return file;
}

/** Adds an update that nobody has inspected. */
function foldUnseen(file: Uint8Array, form: UpdateForm): void {
  const shape = { manifest: MANIFEST, form, lanes: 1, chunkPositions: 1024 };
  const lane = new FoldLane(shape, foldMemory(shape), 0);
  lane.fold({ source: sourceOf(file), weight: 3, scale: 1, isInspected: false });
}

describe.each(FORMS.map((form) => ({ name: nameOf(form), form })))(
  'an update of $name',
  ({ form }) => {
    it('is measured as by the plain reference, bit for bit', () => {
      fc.assert(
        fc.property(manifests, seeds, (manifest, seed) => {
          const file = randomUpdate(manifest, seed, form);
          const norm = referenceNorm(manifest, decodeUpdate(file, manifest, form));
          expect(inspectUpdate(file, manifest, form)).toEqual({ ok: true });
          const inspector = UpdateInspector.of(manifest, form);
          expect(Math.sqrt(inspector.squaredNorm(sourceOf(file)))).toBe(norm);
        }),
        { numRuns: 50 },
      );
    });

    it('is folded as by the plain reference, in chunks of any size', () => {
      const chunks = fc.integer({ min: 1024, max: 5000 });
      const weights = fc.tuple(
        fc.integer({ min: 1, max: 2 ** 21 }),
        fc.integer({ min: 1, max: 99 }),
      );
      fc.assert(
        fc.property(manifests, seeds, chunks, weights, (manifest, seed, chunkPositions, pair) => {
          const accumulator = new Accumulator(manifest, form, { chunkPositions });
          const contributions = pair.map((weight, i) => {
            const file = randomUpdate(manifest, seed + i, form);
            accumulator.add(file, BigInt(weight));
            return { weight: BigInt(weight), values: decodeUpdate(file, manifest, form) };
          });
          const wanted = BigInt64Array.from(referenceSum(manifest.d, contributions));
          expect(accumulator.sums()).toEqual(wanted);
        }),
        { numRuns: 50 },
      );
    });

    it('keeps |S| below 2^63 at the largest weight and value', () => {
      const manifest = manifestOf(sha256, [{ name: 'w', shape: [19] }]);
      const layout = updateLayout(manifest, form);
      const file = randomUpdate(manifest, 3, form);
      file[56] = layout.codec.maxShift;
      for (let index = 0; index < layout.sent; index++) {
        setQ(file, layout, {
          index,
          value: index % 2 === 0 ? layout.codec.qMax : -layout.codec.qMax,
        });
      }
      const weight = 2n ** 22n - 1n;
      const accumulator = new Accumulator(manifest, form);
      accumulator.add(file, weight);
      const values = decodeUpdate(file, manifest, form);
      const sums = referenceSum(manifest.d, [{ values, weight }]);
      expect([...accumulator.sums()]).toEqual(sums);
      expect(inspectUpdate(file, manifest, form)).toMatchObject({ ok: true });
    });

    it('is refused with the codec’s minimum anywhere, or a shift that was not needed', () => {
      const layout = updateLayout(MANIFEST, form);
      const { codec, sent } = layout;
      const file = randomUpdate(MANIFEST, 5, form);
      for (const index of [0, sent >> 1, sent - 1]) {
        const bad = Uint8Array.from(file);
        setQ(bad, layout, { index, value: -codec.qMax - 1 });
        const reason = `−${codec.qMax + 1}`;
        expect(inspectUpdate(bad, MANIFEST, form)).toMatchObject({
          code: 'UPDATE_MALFORMED',
          reason: expect.stringContaining(reason),
        });
        expect(() => foldUnseen(bad, form)).toThrow(reason);
        const inspector = UpdateInspector.of(MANIFEST, form);
        expect(() => inspector.squaredNorm(sourceOf(bad))).toThrow(reason);
      }
      const small = file.fill(0, layout.qAt);
      small.fill(0, 56, 56 + MANIFEST.blocks);
      expect(inspectUpdate(small, MANIFEST, form)).toEqual({ ok: true });
      for (let block = 0; block < MANIFEST.blocks; block++) {
        small[56 + block] = 1;
        expect(inspectUpdate(small, MANIFEST, form)).toMatchObject({ code: 'UPDATE_MALFORMED' });
        expect(() => foldUnseen(small, form)).toThrow('smaller one');
        small[56 + block] = codec.maxShift + 1;
        expect(inspectUpdate(small, MANIFEST, form)).toMatchObject({ code: 'UPDATE_MALFORMED' });
        small[56 + block] = 0;
      }
    });

    it('is refused in a run of any other form, with both names', () => {
      const file = randomUpdate(MANIFEST, 6, form);
      const byte = (of: typeof form): number =>
        CODECS[of.codec].id + (of.topPpm === undefined ? 0 : 128);
      for (const other of FORMS) {
        const answer = inspectUpdate(file, MANIFEST, other);
        if (byte(other) === byte(form)) continue;
        expect(answer).toMatchObject({
          code: 'UPDATE_CODEC_UNSUPPORTED',
          reason: expect.stringMatching(`${form.codec}.*asks for ${byte(other)} .*${other.codec}`),
        });
      }
    });

    it('has no second file: a changed byte before the q is refused or changes the values', () => {
      const layout = updateLayout(MANIFEST, form);
      const file = withoutZeros(randomUpdate(MANIFEST, 7, form), layout);
      const values = decodeUpdate(file, MANIFEST, form);
      for (let at = 0; at < layout.qAt; at++) {
        for (const flip of [1, 0x80, 1 + (at % 255)]) {
          const changed = Uint8Array.from(file);
          changed[at] ^= flip;
          if (!inspectUpdate(changed, MANIFEST, form).ok) continue;
          expect(decodeUpdate(changed, MANIFEST, form), `byte ${at}`).not.toEqual(values);
        }
      }
    });

    it('never makes the inspection throw, whatever the bytes', () => {
      const file = randomUpdate(MANIFEST, 8, form);
      const { qAt } = updateLayout(MANIFEST, form);
      const changes = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 });
      fc.assert(
        fc.property(changes, fc.nat(2 * file.length), (pairs, length) => {
          const bad = Uint8Array.from(file);
          for (const [at, byte] of pairs) bad[at % 3 === 0 ? at : at % qAt] = byte;
          expect(typeof inspectUpdate(bad, MANIFEST, form).ok).toBe('boolean');
          expect(inspectUpdate(bad.slice(0, length % file.length), MANIFEST, form).ok).toBe(false);
        }),
        { numRuns: 200 },
      );
    });
  },
);

describe('the bitmap of a sparse update', () => {
  const form = { codec: 'i8', topPpm: 10_000 } as const;
  const layout = updateLayout(MANIFEST, form);
  const file = randomUpdate(MANIFEST, 9, form);
  const firstSet = layout.headBytes * 8 + bitsOf(file).indexOf(1);

  function bitsOf(bytes: Uint8Array): number[] {
    const bit = (_: unknown, j: number): number =>
      (bytes[layout.headBytes + (j >> 3)] >> (j & 7)) & 1;
    return Array.from({ length: MANIFEST.d }, bit);
  }

  it.each([
    ['one bit more', firstSet - 1, 'more than'],
    ['one bit less', firstSet, 'fewer than'],
    ['a bit after the last position', layout.headBytes * 8 + MANIFEST.d, 'after the last position'],
    ['the last bit of the padding', layout.qAt * 8 - 1, 'after the last position'],
  ])('%s is refused', (_, bit, reason) => {
    const bad = Uint8Array.from(file);
    bad[bit >> 3] ^= 1 << (bit & 7);
    // The block whose only value vanished may be refused first for its shift.
    bad.fill(0, 56, 56 + MANIFEST.blocks);
    bad.fill(1, layout.qAt);
    expect(inspectUpdate(bad, MANIFEST, form)).toMatchObject({
      code: 'UPDATE_MALFORMED',
      reason: expect.stringContaining(reason),
    });
  });

  it('full of ones is refused before a byte behind the file is read', () => {
    const bad = Uint8Array.from(file);
    bad.fill(255, layout.headBytes, layout.qAt);
    expect(inspectUpdate(bad, MANIFEST, form)).toMatchObject({ code: 'UPDATE_MALFORMED' });
    expect(() => new Accumulator(MANIFEST, form).add(bad, 1n)).toThrow(
      expect.objectContaining({ code: 'UPDATE_MALFORMED' }),
    );
  });
});

describe('updateLayout', () => {
  /** The model of 64-64-32-10 units and one of 1.66 million parameters. */
  const mlp = manifestOf(
    sha256,
    [[64, 64], [64], [64, 32], [32], [32, 10], [10]].map((shape, i) => ({ name: `t${i}`, shape })),
  );
  const large = manifestOf(sha256, [{ name: 'w', shape: [1_663_370] }]);

  it.each([mlp, large])('meets the bars of bytes on the wire', (manifest) => {
    const share = (form: (typeof FORMS)[number]): number =>
      updateLayout(manifest, form).bytes / (4 * manifest.d);
    expect(share({ codec: 'i8' })).toBeLessThanOrEqual(0.26);
    expect(share({ codec: 'i16' })).toBeLessThanOrEqual(0.51);
    for (const topPpm of [1000, 10_000, 100_000]) {
      const theory = manifest.d / 8 + (manifest.d * topPpm) / 1e6;
      const { bytes } = updateLayout(manifest, { codec: 'i8', topPpm });
      expect(bytes - 56).toBeLessThanOrEqual(1.1 * theory);
    }
  });

  it('sends exactly max(1, ⌈d·topPpm ÷ 10⁶⌉) positions', () => {
    const sent = (topPpm: number): number => updateLayout(large, { codec: 'i8', topPpm }).sent;
    expect([1, 600_000, 1_000_000].map(sent)).toEqual([2, 998_022, 1_663_370]);
    const one = manifestOf(sha256, [{ name: 'w', shape: [1] }]);
    expect(updateLayout(one, { codec: 'i8', topPpm: 1 })).toMatchObject({ sent: 1, bytes: 73 });
  });
});
