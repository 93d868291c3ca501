import {
  blockOffsets,
  decodeUpdate,
  encodeModel,
  manifestOf,
  type UpdateForm,
} from '@tallystick/aggregation';
import { randomUpdate, referenceAggregate } from '@tallystick/aggregation/testing';
import { MemoryBlobStore } from '@tallystick/blobs';
import { asNodeId, type Hash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { loadScoredRound, type RoundFiles } from './load-scored-round.js';

const MANIFEST = manifestOf(sha256, [
  { name: 'a.kernel', shape: [50, 30] },
  { name: 'a.bias', shape: [7] },
]);
const FORMS: readonly UpdateForm[] = [
  { codec: 'i32' },
  { codec: 'i16' },
  { codec: 'i8', topPpm: 300_000 },
];

async function roundIn(blobs: MemoryBlobStore, form: UpdateForm) {
  const updates = [1, 2, 3].map((seed) => randomUpdate(MANIFEST, seed, form));
  const model = (value: number): Promise<Hash> =>
    blobs.put(encodeModel(MANIFEST, new Float32Array(MANIFEST.d).fill(value)));
  const ids = await Promise.all(updates.map((update) => blobs.put(update)));
  const contributions = ids.map((update, i) => ({
    ...{ node: asNodeId(i + 4), weight: BigInt(10 + i), update },
  }));
  const earlier = [await model(0.25), await model(0)];
  const files: RoundFiles = { round: 6, model: await model(0.5), earlier, contributions };
  return { files, updates };
}

describe('loadScoredRound', () => {
  it.each(
    FORMS.flatMap((form) => [undefined, 2 ** 30, 2 ** 80].map((clipNorm) => ({ form, clipNorm }))),
  )('gives models, and updates that sum to what a fold sums: %j', async ({ form, clipNorm }) => {
    const blobs = new MemoryBlobStore();
    const { files, updates } = await roundIn(blobs, form);
    const rules = clipNorm === undefined ? { form } : { form, clipNorm };
    const round = await loadScoredRound(files, { blobs, sha256, manifest: MANIFEST, rules });
    expect([round.round, round.base[3], round.earlier.map((m) => m[0])]).toEqual([
      6,
      0.5,
      [0.25, 0],
    ]);
    const decoded = updates.map((update, i) => ({
      ...{ node: asNodeId(i + 4), weight: BigInt(10 + i) },
      values: [...decodeUpdate(update, MANIFEST, form)],
    }));
    const place = { offsets: blockOffsets(MANIFEST) };
    const { sums } = referenceAggregate(clipNorm === undefined ? {} : { clipNorm }, decoded, place);
    const got = Array.from({ length: MANIFEST.d }, (_, j) =>
      round.contributions.reduce((sum, c) => sum + BigInt(c.weight) * BigInt(c.values[j] ?? 0), 0n),
    );
    expect(got).toEqual(sums);
  });

  it('names a file that is missing or of another form', async () => {
    const blobs = new MemoryBlobStore();
    const { files } = await roundIn(blobs, { codec: 'i32' });
    const codeOf = async (changed: Partial<RoundFiles>, form: UpdateForm): Promise<string> => {
      const loaded = loadScoredRound(
        { ...files, ...changed },
        { blobs, sha256, manifest: MANIFEST, rules: { form } },
      );
      return loaded.then(
        () => 'loaded',
        (error: unknown) => (isTallyError(error) ? error.code : String(error)),
      );
    };
    expect(await codeOf({}, { codec: 'i32' })).toBe('loaded');
    expect(await codeOf({ earlier: [sha256(new Uint8Array(1))] }, { codec: 'i32' })).toBe(
      'STORE_BLOB_MISSING',
    );
    expect(await codeOf({}, { codec: 'i16' })).toBe('UPDATE_MALFORMED');
    const other = manifestOf(sha256, [{ name: 'b', shape: [MANIFEST.d] }]);
    const foreign = await blobs.put(encodeModel(other, new Float32Array(MANIFEST.d)));
    expect(await codeOf({ earlier: [foreign] }, { codec: 'i32' })).toBe('MODEL_MALFORMED');
    const [first] = files.contributions;
    const garbage = await blobs.put(new Uint8Array(100));
    expect(await codeOf({ model: garbage }, { codec: 'i32' })).toBe('MODEL_MALFORMED');
    const contributions = first === undefined ? [] : [{ ...first, update: garbage }];
    expect(await codeOf({ contributions }, { codec: 'i32' })).toBe('UPDATE_MALFORMED');
  });
});
