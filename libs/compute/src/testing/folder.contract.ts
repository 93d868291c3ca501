import {
  encodeModel,
  encodeState,
  type Manifest,
  manifestOf,
  type Strategy,
  takeStep,
  updateManifestOf,
} from '@tallystick/aggregation';
import { encoded, FORMS, nameOf, randomUpdate } from '@tallystick/aggregation/testing';
import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobStore, Folder, FolderFactory, FoldResult, Weighted } from '@tallystick/rounds';
import { describe, expect, it } from 'vitest';
import { foldOf, weighted } from './fold-inputs.js';

/** A factory and the store it works on. */
export interface FolderSetup {
  readonly factory: FolderFactory;
  readonly blobs: BlobStore;
}

const AVERAGE: Strategy = { kind: 'fedAvg', serverLearningRate: 1 };
const YOGI: Strategy = {
  kind: 'fedYogi',
  serverLearningRate: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  tau: 1e-3,
};
/** Several blocks and tensors, so that every lane of four has work. */
const MANIFEST: Manifest = manifestOf(sha256, [
  { name: 'dense0.kernel', shape: [65, 65] },
  { name: 'dense0.bias', shape: [65] },
  { name: 'dense1.kernel', shape: [65, 1] },
]);

/** Weights that are multiples of 2⁻⁸ and never −0, so that changes between two of them are exact and undo. */
function ramp(factor: number): Float32Array {
  const step = (j: number): number => Math.round(256 * Math.sin(j + 1)) / 256 + 0;
  return Float32Array.from({ length: MANIFEST.d }, (_, j) => factor * step(j));
}

async function putUpdate(blobs: BlobStore, factor: number): Promise<Hash> {
  return blobs.put(encoded(MANIFEST, ramp(1), ramp(factor)));
}

async function openFold(setup: FolderSetup, strategy: Strategy): Promise<Folder> {
  const model = await setup.blobs.put(encodeModel(MANIFEST, ramp(1)));
  return setup.factory.open(foldOf({ model, strategy }));
}

/** What every Folder promises. `setup` gives a factory over an empty store. */
export function folderContract(setup: () => Promise<FolderSetup>): void {
  describe('a fold', () => {
    it('stores the weighted mean step', async () => {
      const at = await setup();
      const folder = await openFold(at, AVERAGE);
      await folder.add(weighted(await putUpdate(at.blobs, 2), 3n));
      await folder.add(weighted(await putUpdate(at.blobs, -2), 1n));
      const result = await folder.finish();
      // 1 + (3·1 + 1·(−3)) ÷ 4 = 1: the two changes cancel.
      const model = await at.blobs.put(encodeModel(MANIFEST, ramp(1)));
      expect(result).toEqual({ ok: true, model, state: ZERO_HASH, sumWeight: 4n });
      await folder.close();
    });

    it('gives the same blobs whatever the order, and others when weights are ignored', async () => {
      const at = await setup();
      const a = weighted(await putUpdate(at.blobs, 2), 5n);
      const b = weighted(await putUpdate(at.blobs, 0.5), 7n);
      const c = weighted(await putUpdate(at.blobs, -1), 11n);
      const finish = async (contributions: readonly Weighted[]): Promise<FoldResult> => {
        const folder = await openFold(at, YOGI);
        for (const contribution of contributions) await folder.add(contribution);
        const result = await folder.finish();
        await folder.close();
        return result;
      };
      const first = await finish([a, b, c]);
      expect(await finish([c, a, b])).toEqual(first);
      expect(await finish([a, b, c].map((each) => ({ ...each, weight: 1n })))).not.toEqual(first);
    });

    it('takes the optimizer state of the round before', async () => {
      const at = await setup();
      const state = { m: new Float64Array(MANIFEST.d), v: new Float64Array(MANIFEST.d) };
      state.m.fill(0.25);
      state.v.fill(0.5);
      const model = await at.blobs.put(encodeModel(MANIFEST, ramp(1)));
      const stateId = await at.blobs.put(encodeState(MANIFEST, state));
      const folder = await at.factory.open(foldOf({ model, state: stateId, strategy: YOGI }));
      await folder.add(weighted(await at.blobs.put(encoded(MANIFEST, ramp(1), ramp(1))), 2n));
      const step = takeStep({
        manifest: MANIFEST,
        model: ramp(1),
        sums: new BigInt64Array(MANIFEST.d),
        sumWeight: 2n,
        strategy: YOGI,
        state,
      });
      if (!step.ok || step.state === undefined) throw new Error('no step');
      const wanted = {
        ok: true,
        model: await at.blobs.put(encodeModel(MANIFEST, step.model)),
        state: await at.blobs.put(encodeState(MANIFEST, step.state)),
        sumWeight: 2n,
      };
      expect(await folder.finish()).toEqual(wanted);
      await folder.close();
    });

    it('steps FedNova by the mean of the local steps, whatever the order', async () => {
      const at = await setup();
      const finish = async (steps: readonly number[]): Promise<FoldResult> => {
        const folder = await openFold(at, { kind: 'fedNova', serverLearningRate: 1 });
        const updates = await Promise.all([putUpdate(at.blobs, 1.5), putUpdate(at.blobs, 1)]);
        await folder.rebuild(
          updates.map((update, i) => weighted(update, i === 0 ? 3n : 1n, i, steps[i])),
        );
        const result = await folder.finish();
        await folder.close();
        return result;
      };
      // 1 + τ_eff·(3·0.5 + 1·0) ÷ 4, τ_eff = (3·3 + 1·7) ÷ 4 = 4.
      const model = await at.blobs.put(encodeModel(MANIFEST, ramp(2.5)));
      expect(await finish([3, 7])).toMatchObject({ ok: true, model, state: ZERO_HASH });
      expect(await finish([1, 1])).not.toMatchObject({ model });
    });

    it('steps model and control of SCAFFOLD', async () => {
      const at = await setup();
      const strategy: Strategy = { kind: 'scaffold', serverLearningRate: 1 };
      const both = (weights: Float32Array, control: Float32Array): Float32Array =>
        Float32Array.of(...weights, ...control);
      const manifest = updateManifestOf(sha256, MANIFEST, 'scaffold');
      const update = await at.blobs.put(
        encoded(manifest, both(ramp(1), ramp(0)), both(ramp(3), ramp(1))),
      );
      const folder = await openFold(at, strategy);
      expect(await folder.inspect(update)).toMatchObject({ ok: true });
      expect(await folder.inspect(await putUpdate(at.blobs, 2))).toMatchObject({ ok: false });
      await folder.add(weighted(update, 5n));
      const state = { c: Float64Array.from(ramp(1), (value) => value / 4) }; // one of a cohort of four
      expect(await folder.finish()).toEqual({
        ok: true,
        model: await at.blobs.put(encodeModel(MANIFEST, ramp(3))),
        state: await at.blobs.put(encodeState(MANIFEST, state)),
        sumWeight: 5n,
      });
      await folder.close();
    });

    it('rebuilds to exactly the contributions given', async () => {
      const at = await setup();
      const [a, b] = await Promise.all([putUpdate(at.blobs, 2), putUpdate(at.blobs, 3)]);
      const straight = await openFold(at, AVERAGE);
      await straight.add(weighted(a, 2n));
      await straight.add(weighted(b, 9n));
      const folder = await openFold(at, AVERAGE);
      await folder.add(weighted(a, 100n));
      await folder.rebuild([weighted(b, 9n), weighted(a, 2n)]);
      expect(await folder.finish()).toEqual(await straight.finish());
      await Promise.all([straight.close(), folder.close()]);
    });

    it('does not rebuild from a file that is not an update of the model', async () => {
      const at = await setup();
      const folder = await openFold(at, AVERAGE);
      const other = manifestOf(sha256, [{ name: 'w', shape: [3] }]);
      const good = weighted(await putUpdate(at.blobs, 2), 3n);
      const bad = weighted(await at.blobs.put(randomUpdate(other, 1)), 1n);
      await expect(folder.rebuild([good, bad])).rejects.toMatchObject({
        code: 'UPDATE_MALFORMED',
        message: expect.stringContaining('3 parameters'),
      });
      await expect(folder.finish()).rejects.toMatchObject({ code: 'INTERNAL' });
      await folder.rebuild([good]);
      expect(await folder.finish()).toMatchObject({ ok: true, sumWeight: 3n });
      await folder.close();
    });

    it('adds what comes at once, each once, and refuses only what cannot be counted', async () => {
      const at = await setup();
      const update = await putUpdate(at.blobs, 2);
      const folder = await openFold(at, AVERAGE);
      const added = await Promise.allSettled(
        Array.from({ length: 150 }, (_, i) =>
          folder.add(weighted(update, i === 70 ? 2n ** 22n : 3n)),
        ),
      );
      const refused = added.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []));
      expect(refused).toEqual([70]);
      expect(await folder.finish()).toMatchObject({ ok: true, sumWeight: 447n });
      await folder.close();
    });

    it('keeps adds, rebuild and finish in the order they were called, and finishes once', async () => {
      const at = await setup();
      const update = await putUpdate(at.blobs, 2);
      const folder = await openFold(at, AVERAGE);
      const before = [
        folder.add(weighted(update, 1n)),
        folder.rebuild([]),
        folder.add(weighted(update, 3n)),
      ];
      const finish = folder.finish();
      await Promise.all(before);
      expect(await finish).toMatchObject({ ok: true, sumWeight: 3n });
      await expect(folder.finish()).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(folder.add(weighted(update, 1n))).rejects.toMatchObject({ code: 'INTERNAL' });
      await folder.close();
    });

    it('says when the step is not finite, and leaves no blob', async () => {
      const at = await setup();
      const folder = await openFold(at, { kind: 'fedAvg', serverLearningRate: 3e38 });
      await folder.add(weighted(await putUpdate(at.blobs, 100), 1n));
      expect(await folder.finish()).toEqual({ ok: false, code: 'ROUND_MODEL_NOT_FINITE' });
      await folder.close();
      await folder.close();
    });
  });

  describe('an inspection', () => {
    it('accepts the canonical file and says its length', async () => {
      const at = await setup();
      const folder = await openFold(at, AVERAGE);
      const file = randomUpdate(MANIFEST, 5);
      const update = await at.blobs.put(file);
      expect(await folder.inspect(update)).toMatchObject({ ok: true, bytes: file.length });
      await folder.close();
    });

    it('refuses other files without throwing', async () => {
      const at = await setup();
      const folder = await openFold(at, AVERAGE);
      const file = randomUpdate(MANIFEST, 5);
      const other = manifestOf(sha256, [{ name: 'w', shape: [3] }]);
      const codec2 = Uint8Array.from(file);
      codec2[5] = 2;
      const minimum = Uint8Array.from(file);
      new DataView(minimum.buffer).setInt32(file.length - 4, -(2 ** 31), true);
      const cases: [Uint8Array, string][] = [
        [new Uint8Array(0), 'UPDATE_MALFORMED'],
        [file.subarray(0, -1), 'UPDATE_MALFORMED'],
        [Uint8Array.from([...file, 0]), 'UPDATE_MALFORMED'],
        [minimum, 'UPDATE_MALFORMED'],
        [randomUpdate(other, 1), 'UPDATE_WRONG_SHAPE'],
        [codec2, 'UPDATE_CODEC_UNSUPPORTED'],
      ];
      for (const [bytes, code] of cases) {
        const answer = await folder.inspect(await at.blobs.put(bytes));
        expect(answer).toMatchObject({ ok: false, code });
      }
      await folder.close();
    });

    it.each(FORMS.map((form) => ({ name: nameOf(form), form })))(
      'of $name accepts it, and refuses a file in another codec',
      async ({ form }) => {
        const at = await setup();
        const model = await at.blobs.put(encodeModel(MANIFEST, ramp(1)));
        const folder = await at.factory.open(foldOf({ model, strategy: AVERAGE, form }));
        const file = randomUpdate(MANIFEST, 5, form);
        const update = await at.blobs.put(file);
        expect(await folder.inspect(update)).toEqual({ ok: true, bytes: file.length });
        const other = { ...form, codec: form.codec === 'i8' ? 'i16' : 'i8' } as const;
        const foreign = await at.blobs.put(randomUpdate(MANIFEST, 5, other));
        expect(await folder.inspect(foreign)).toMatchObject({ code: 'UPDATE_CODEC_UNSUPPORTED' });
        await folder.close();
      },
    );

    it('says STORE_BLOB_MISSING for an update that is not here', async () => {
      const at = await setup();
      const folder = await openFold(at, AVERAGE);
      await expect(folder.inspect(sha256())).rejects.toMatchObject({ code: 'STORE_BLOB_MISSING' });
      await folder.close();
    });
  });

  describe('opening', () => {
    it('refuses missing and malformed models and foreign states', async () => {
      const at = await setup();
      const model = await at.blobs.put(encodeModel(MANIFEST, ramp(1)));
      const junk = await at.blobs.put(new Uint8Array(64));
      const oneMoment = await at.blobs.put(
        encodeState(MANIFEST, { m: new Float64Array(MANIFEST.d) }),
      );
      const open = (model: Hash, state: Hash): Promise<Folder> =>
        at.factory.open(foldOf({ model, state, strategy: YOGI }));
      await expect(open(sha256(), ZERO_HASH)).rejects.toMatchObject({ code: 'STORE_BLOB_MISSING' });
      await expect(open(junk, ZERO_HASH)).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
      await expect(open(model, junk)).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
      await expect(open(model, oneMoment)).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
    });
  });
}
