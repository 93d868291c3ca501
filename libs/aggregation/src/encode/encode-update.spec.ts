import { type Hash, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODECS } from '../codec.js';
import { type EncodedUpdate, encodeUpdate, type UpdateInput } from './encode-update.js';
import { blockOffsets, type Manifest, manifestOf } from '../manifest.js';
import { decodeUpdate } from '../reference.js';
import { FORMS, nameOf } from '../testing/forms.js';
import { seededWords } from '../testing/random-update.js';
import { referenceEncode } from '../testing/reference-encode.js';
import type { UpdateForm } from '../update-form.js';
import { inspectUpdate } from '../update-inspector.js';
import { updateLayout } from '../update-layout.js';

const ONE = 2 ** 32;
const seedOf = (n: number): Hash => sha256(utf8(`seed ${n}`));
const vectorOf = (d: number): Manifest => manifestOf(sha256, [{ name: 'w', shape: [d] }]);

/** Encodes a change from a model of zeros. */
function encode(
  manifest: Manifest,
  form: UpdateForm,
  rest: Partial<UpdateInput> & Pick<UpdateInput, 'after'>,
): EncodedUpdate {
  const before = new Float32Array(manifest.d);
  return encodeUpdate({ sha256, manifest, before, form, seed: seedOf(0), ...rest });
}

/** v·2⁻³² of a file. */
function decode(manifest: Manifest, form: UpdateForm, { file }: EncodedUpdate): number[] {
  return [...decodeUpdate(file, manifest, form)].map((v) => Number(v) / ONE);
}

/** Changes of every size, with equal ones and zeros among them. */
function changes(d: number, seed: number): Float32Array {
  const next = seededWords(seed);
  return Float32Array.from({ length: d }, () => {
    const kind = next() % 8;
    if (kind === 0) return 0;
    if (kind === 1) return next() % 2 === 0 ? 0.125 : -0.125;
    return ((next() / ONE) * 2 - 1) * 2 ** -(next() % 12);
  });
}

/** Up to two chunks of the encoder, with blocks that end anywhere. */
const shapes = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 3 });
const manifests = shapes.map((sizes) =>
  manifestOf(
    sha256,
    sizes.map((size, i) => ({ name: `t${i}`, shape: [size] })),
  ),
);

describe.each(FORMS.map((form) => ({ name: nameOf(form), form })))(
  'encoding as $name',
  ({ form }) => {
    const isExact = form.codec === 'i32';
    const keepsResidual = form.codec !== 'i32' || form.topPpm !== undefined;
    const divisors = fc.constantFrom(1, 3, 7.5);

    it('writes the canonical file of a change, and what is missing into the residual', () => {
      fc.assert(
        fc.property(manifests, fc.nat(1e6), divisors, (manifest, seed, divisor) => {
          const before = changes(manifest.d, seed + 1);
          const moves = changes(manifest.d, seed);
          const after = before.map((w, j) => w + moves[j] / 2);
          const residual = keepsResidual ? changes(manifest.d, seed + 2) : undefined;
          const input = { before, after, divisor, residual, seed: seedOf(seed) };
          const encoded = encode(manifest, form, input);
          expect(inspectUpdate(encoded.file, manifest, form)).toMatchObject({ ok: true });
          const x = Float64Array.from(
            before,
            (w, j) => (after[j] - w) / divisor + (residual?.[j] ?? 0),
          );
          checkValues(manifest, form, { x, encoded });
        }),
        { numRuns: 25 },
      );
    });

    /** Sent values are within a step (half of one where exact), the largest are sent, nothing is lost. */
    function checkValues(
      manifest: Manifest,
      { topPpm }: UpdateForm,
      { x, encoded }: { x: Float64Array; encoded: EncodedUpdate },
    ): void {
      const values = decode(manifest, form, encoded);
      const offsets = blockOffsets(manifest);
      const { sent } = updateLayout(manifest, form);
      const order = [...x.keys()].sort((a, b) => Math.abs(x[b]) - Math.abs(x[a]) || a - b);
      const picked = new Set(topPpm === undefined ? x.keys() : order.slice(0, sent));
      const wrong: string[] = [];
      for (let block = 0; block < manifest.blocks; block++) {
        const step = 2 ** (encoded.file[56 + block] - 32);
        for (let j = offsets[block]; j < offsets[block + 1]; j++) {
          const error = x[j] - values[j];
          const isFine = picked.has(j)
            ? Math.abs(error) <= (isExact ? step / 2 : step)
            : values[j] === 0;
          if (!isFine) wrong.push(`x ${x[j]} became ${values[j]} at ${j}`);
          if (keepsResidual && encoded.residual?.[j] !== Math.fround(error)) {
            wrong.push(`residual ${encoded.residual?.[j]} of ${error} at ${j}`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(encoded.residual !== undefined).toBe(keepsResidual);
    }

    it('writes what the plain reference writes', () => {
      fc.assert(
        fc.property(manifests, fc.nat(1e6), divisors, (manifest, seed, divisor) => {
          const { d } = manifest;
          const residual = keepsResidual ? changes(d, seed + 2) : undefined;
          const arrays = { before: changes(d, seed + 1), after: changes(d, seed), residual };
          const input = { sha256, manifest, form, divisor, ...arrays, seed: seedOf(seed) };
          const encoded = encodeUpdate(input);
          const wanted = referenceEncode(input);
          expect(sha256(encoded.file)).toBe(sha256(wanted.file));
          expect(encoded.residual).toEqual(wanted.residual);
        }),
        { numRuns: 25 },
      );
    });

    it('fits the largest change the codec holds, and refuses the next', () => {
      const { qMax, maxShift } = CODECS[form.codec];
      const largest = qMax * 2 ** (maxShift - 32);
      const manifest = vectorOf(3);
      for (const sign of [1, -1]) {
        const after = Float32Array.of(0, 0, sign * Math.fround(largest - 2 ** -15));
        expect(inspectUpdate(encode(manifest, form, { after }).file, manifest, form).ok).toBe(true);
        after[2] = sign * Math.fround(largest + 2 ** -14);
        expect(() => encode(manifest, form, { after })).toThrow(
          expect.objectContaining({ code: 'UPDATE_OUT_OF_RANGE' }),
        );
        after[1] = NaN;
        expect(() => encode(manifest, form, { after })).toThrow(
          expect.objectContaining({ code: 'ENGINE_DIVERGED' }),
        );
      }
    });
  },
);

describe('encodeUpdate', () => {
  it('refuses arrays of another length, a divisor of 0 and a residual where none is kept', () => {
    const manifest = vectorOf(2);
    const after = new Float32Array(2);
    const refused = [
      { after: new Float32Array(3) },
      { after, before: new Float32Array(1) },
      { after, divisor: 0 },
      { after, residual: new Float32Array(2) },
    ];
    for (const input of refused) {
      expect(() => encode(manifest, { codec: 'i32' }, input)).toThrow(RangeError);
    }
    const residual = new Float32Array(1);
    expect(() => encode(manifest, { codec: 'i8' }, { after, residual })).toThrow(RangeError);
  });

  it('gives the same file for the same seed and another for another', () => {
    const manifest = vectorOf(500);
    const after = changes(500, 1);
    const hash = (n: number): Hash =>
      sha256(encode(manifest, { codec: 'i8' }, { after, seed: seedOf(n) }).file);
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });
});

describe('error feedback', () => {
  const d = 700;
  const manifest = vectorOf(d);
  const rounds = Array.from({ length: 30 }, (_, r) => changes(d, 100 + r));

  /** Largest |Σ decoded + last residual − Σ change| over the positions. */
  function lost(form: UpdateForm, keep: boolean): number {
    const balance = new Float64Array(d);
    let residual: Float32Array = new Float32Array(d);
    for (const [r, after] of rounds.entries()) {
      const given = keep ? { residual } : {};
      const encoded = encode(manifest, form, { after, ...given, seed: seedOf(r) });
      const values = decode(manifest, form, encoded);
      for (let j = 0; j < d; j++) balance[j] += values[j] - after[j];
      residual = encoded.residual ?? residual;
    }
    return Math.max(...balance.map((sum, j) => Math.abs(sum + residual[j])));
  }

  const feeding = FORMS.filter(({ codec, topPpm }) => codec !== 'i32' || topPpm !== undefined);
  it.each(feeding.map((form) => ({ name: nameOf(form), form })))(
    '$name loses nothing',
    ({ form }) => {
      // Each round rounds a residual below 2⁵ to float32 once.
      const roundings = rounds.length * 2 ** (5 - 25);
      expect(lost(form, true)).toBeLessThanOrEqual(roundings);
      // The mutant that forgets the residual.
      expect(lost(form, false)).toBeGreaterThan(roundings);
    },
  );
});

describe('stochastic rounding', () => {
  const d = 48;
  /** Of every size; the last one, 1, fixes the step of every block. */
  const change = Float32Array.from(
    { length: d },
    (_, j) => (j % 2 === 0 ? -1 : 1) * 1.7 ** (j + 1 - d),
  );
  const COPIES = 500;
  const manifest = vectorOf(COPIES * d);
  const after = Float32Array.from({ length: COPIES * d }, (_, j) => change[j % d]);
  const SEEDS = 20;
  const DRAWS = SEEDS * COPIES;

  /** 10⁴ encodings of the change: at many positions, from many seeds. */
  function draws(form: UpdateForm): number[][] {
    return Array.from({ length: SEEDS }, (_, n) => {
      const values = decode(manifest, form, encode(manifest, form, { after, seed: seedOf(n) }));
      return Array.from({ length: COPIES }, (_, copy) => values.slice(copy * d, (copy + 1) * d));
    }).flat();
  }

  it.each(['i8', 'i16'] as const)('of %s has no bias and the variance of QSGD', (codec) => {
    const form = { codec };
    const step = 2 ** (encode(manifest, form, { after }).file[56] - 32);
    const all = draws(form);
    // Five standard errors of a mean of 10⁴ numbers, each within half a step of variance 1/4.
    const bound = (5 * step * 0.5) / Math.sqrt(DRAWS);
    const bias = (values: readonly number[][]): number =>
      Math.max(
        ...change.map((x, j) =>
          Math.abs(values.reduce((sum, v) => sum + v[j], 0) / values.length - x),
        ),
      );
    expect(bias(all)).toBeLessThan(bound);
    const nearest = [[...change].map((x) => Math.round(x / step) * step)];
    expect(bias(nearest)).toBeGreaterThan(bound);

    // E‖Q(v) − v‖² ≤ min(d ÷ s², √d ÷ s)·‖v‖² (Alistarh et al. 2017, lemma 3.1); here s is ‖v‖ ÷ step.
    const norm = Math.hypot(...change);
    const s = norm / step;
    const most = Math.min(d / s ** 2, Math.sqrt(d) / s) * norm ** 2;
    const error = (values: readonly number[][]): number =>
      values.reduce((sum, v) => sum + v.reduce((e, x, j) => e + (x - change[j]) ** 2, 0), 0) /
      values.length;
    expect(error(all)).toBeLessThanOrEqual(most);
    const coarse = [
      [...change].map((x) => Math.sign(x) * (Math.ceil(Math.abs(x) / step) + 1) * step),
    ];
    expect(error(coarse)).toBeGreaterThan(most);
  });
});

describe('top-k', () => {
  it('leaves at most (1 − k ÷ d)·‖x‖²; sending the first k does not', () => {
    const manifest = vectorOf(900);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 800_000 }), fc.nat(1e6), (topPpm, seed) => {
        const form = { codec: 'i32', topPpm } as const;
        const after = changes(900, seed);
        const { residual = new Float32Array() } = encode(manifest, form, { after });
        const k = updateLayout(manifest, form).sent;
        const left = (values: Float32Array): number => values.reduce((sum, x) => sum + x * x, 0);
        const most = (1 - k / 900) * left(after) + 900 * 2 ** -64;
        expect(left(residual)).toBeLessThanOrEqual(most);
        const rising = after.map(Math.abs).sort();
        expect(left(rising.subarray(k))).toBeGreaterThan((1 - k / 900) * left(after));
      }),
      { numRuns: 50 },
    );
  });
});
