import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeUpdate,
  DENSE_I32,
  encodeModel,
  type Manifest,
  manifestOf,
  referenceSum,
  type Strategy,
} from '@tallystick/aggregation';
import { FORMS, nameOf, randomUpdate, seededWords } from '@tallystick/aggregation/testing';
import { FsBlobStore } from '@tallystick/blobs';
import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { Weighted } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InProcessFolderFactory } from './in-process-folder-factory.js';
import { folderContract, type FolderSetup } from './testing/folder.contract.js';
import { robustFoldContract } from './testing/robust-fold.contract.js';
import { WorkerFolderFactory } from './worker-folder-factory.js';
import { foldOf, weighted } from './testing/fold-inputs.js';

const STRATEGY: Strategy = { kind: 'fedAvg', serverLearningRate: 0.5 };
/** Σ = 2²² − 1, the largest a round may have. */
const WEIGHTS = [1n, 2_097_152n, 199n, 2_096_951n];
/** Orders of four updates: 24 exist. A million positions take 40 times as long and add only more chunks, not more orders. */
const ordersOf = (d: number): number => (d < 100_000 ? 20 : 3);

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tally-compute-'));
});
afterAll(async () => rm(home, { recursive: true, force: true }));

function manifestWith(d: number): Manifest {
  const shapes = d < 3 ? [d] : [d - 2, 2];
  return manifestOf(
    sha256,
    shapes.map((size, i) => ({ name: `t${i}`, shape: [size] })),
  );
}

/** Fisher–Yates from a seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = seededWords(seed);
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function equalSums(a: BigInt64Array, b: BigInt64Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

describe.each([1, 2, 3, 4])('WorkerFolderFactory with %d workers', (workers) => {
  const blobs = (): FsBlobStore => new FsBlobStore({ folder: join(home, crypto.randomUUID()) });
  const made: WorkerFolderFactory[] = [];
  afterAll(() => Promise.all(made.map((factory) => factory.close())));

  const setup = async (): Promise<FolderSetup> => {
    const store = blobs();
    const factory = new WorkerFolderFactory({ blobs: store, workers });
    made.push(factory);
    return { blobs: store, factory };
  };
  if (workers <= 2) folderContract(setup);
  if (workers !== 2) robustFoldContract(setup); // one lane, an uneven split, and lanes without a row
});

describe.each([1, 1023, 1024, 1025, 70_001, 1_663_370])('D: worker sums of %d positions', (d) => {
  const manifest = manifestWith(d);
  let blobs: FsBlobStore;
  let model: Hash;
  let contributions: Weighted[];
  let wanted: BigInt64Array;
  let finished: unknown;
  beforeAll(async () => {
    blobs = new FsBlobStore({ folder: join(home, `d${d}`) });
    model = await blobs.put(encodeModel(manifest, new Float32Array(d).fill(0.5)));
    const files = WEIGHTS.map((weight, i) => ({ weight, file: randomUpdate(manifest, 7 * d + i) }));
    contributions = await Promise.all(
      files.map(async ({ weight, file }) => weighted(await blobs.put(file), weight)),
    );
    const decoded = files.map((f) => ({ ...f, values: decodeUpdate(f.file, manifest, DENSE_I32) }));
    wanted = BigInt64Array.from(referenceSum(d, decoded));
    const folder = await new InProcessFolderFactory({ blobs, sha256 }).open(spec());
    await folder.rebuild(contributions);
    finished = await folder.finish();
  });
  async function putNegated(update: Hash): Promise<Hash> {
    const file = await blobs.get(update);
    const view = new DataView(file.buffer, file.byteOffset);
    for (let at = file.length - 4 * d; at < file.length; at += 4) {
      view.setInt32(at, -view.getInt32(at, true), true);
    }
    return blobs.put(file);
  }
  const spec = () => foldOf({ model, strategy: STRATEGY });

  it.each([
    { workers: 1, chunkPositions: 4096 },
    { workers: 1, chunkPositions: 65_536 },
    { workers: 2, chunkPositions: 4096 },
    { workers: 2, chunkPositions: 65_536 },
    { workers: 3, chunkPositions: 4096 },
    { workers: 3, chunkPositions: 65_536 },
    { workers: 4, chunkPositions: 4096 },
    { workers: 4, chunkPositions: 65_536 },
  ])('many orders, $workers workers, chunks of $chunkPositions', async (shape) => {
    const factory = new WorkerFolderFactory({ blobs, ...shape });
    const folder = await factory.open(spec());
    for (let seed = 0; seed < ordersOf(d); seed++) {
      await folder.rebuild([]);
      for (const { update, weight } of shuffled(contributions, seed)) {
        await folder.add(weighted(update, weight));
      }
      expect(equalSums(await folder.sums(), wanted), `seed ${seed}`).toBe(true);
    }
    expect(await folder.finish()).toEqual(finished);
    await folder.close();
    await factory.close();
  });

  it('mutants differ: weights ignored, one sign flipped, one update left out', async () => {
    const factory = new WorkerFolderFactory({ blobs, workers: 2 });
    const [first, ...others] = contributions;
    const ignored = contributions.map(({ update }) => weighted(update, 1n));
    const flipped = [{ ...first, update: await putNegated(first.update) }, ...others];
    for (const mutant of [ignored, flipped, others]) {
      const folder = await factory.open(spec());
      await folder.rebuild(mutant);
      expect(equalSums(await folder.sums(), wanted)).toBe(false);
      expect(await folder.finish()).not.toEqual(finished);
      await folder.close();
    }
    await factory.close();
  });
});

const SHAPES = [
  { workers: 1, chunkPositions: 65_536 },
  { workers: 2, chunkPositions: 1024 },
  { workers: 3, chunkPositions: 5000 },
  { workers: 4, chunkPositions: 65_536 },
];

describe.each(FORMS.map((form) => ({ name: nameOf(form), form })))(
  'worker sums of $name',
  ({ form }) => {
    const manifest = manifestWith(70_001);
    const files = WEIGHTS.map((weight, i) => ({ weight, file: randomUpdate(manifest, i, form) }));

    it('are those of the reference, whatever the workers, chunks and order', async () => {
      const blobs = new FsBlobStore({ folder: join(home, nameOf(form)) });
      const model = await blobs.put(encodeModel(manifest, new Float32Array(manifest.d)));
      const contributions = await Promise.all(
        files.map(async ({ weight, file }) => weighted(await blobs.put(file), weight)),
      );
      const decoded = files.map((f) => ({ ...f, values: decodeUpdate(f.file, manifest, form) }));
      const wanted = BigInt64Array.from(referenceSum(manifest.d, decoded));
      for (const shape of SHAPES) {
        const factory = new WorkerFolderFactory({ blobs, ...shape });
        const folder = await factory.open(foldOf({ model, strategy: STRATEGY, form }));
        await folder.rebuild(shuffled(contributions, shape.workers));
        expect(equalSums(await folder.sums(), wanted), JSON.stringify(shape)).toBe(true);
        await factory.close();
      }
    });
  },
);

describe('WorkerFolder', () => {
  const manifest = manifestWith(3000);
  const open = async (blobs: FsBlobStore, factory: WorkerFolderFactory) => {
    const model = await blobs.put(encodeModel(manifest, new Float32Array(3000)));
    return factory.open(foldOf({ model, strategy: STRATEGY }));
  };

  it('blames the disk, not the node, for a file that changed', async () => {
    const blobs = new FsBlobStore({ folder: join(home, 'damaged') });
    const factory = new WorkerFolderFactory({ blobs, workers: 1 });
    const folder = await open(blobs, factory);
    const file = randomUpdate(manifest, 1);
    const update = await blobs.put(file);
    file[5] = 9;
    await writeFile(blobs.path(update), file);
    await expect(folder.inspect(update)).rejects.toMatchObject({ code: 'STORE_BLOB_DAMAGED' });
    await expect(folder.rebuild([weighted(update, 1n)])).rejects.toMatchObject({
      code: 'STORE_BLOB_DAMAGED',
    });
    await factory.close();
  });

  it('answers only rebuild after an add that failed halfway', async () => {
    const blobs = new FsBlobStore({ folder: join(home, 'broken') });
    const factory = new WorkerFolderFactory({ blobs, workers: 2 });
    const folder = await open(blobs, factory);
    const update = await blobs.put(randomUpdate(manifest, 1));
    await folder.add(weighted(update, 5n));
    await expect(folder.add(weighted(sha256(), 1n))).rejects.toMatchObject({
      code: 'STORE_BLOB_MISSING',
    });
    await expect(folder.add(weighted(update, 1n))).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(folder.finish()).rejects.toMatchObject({ code: 'INTERNAL' });
    await folder.rebuild([weighted(update, 5n)]);
    expect(await folder.finish()).toMatchObject({ ok: true, sumWeight: 5n });
    await expect(folder.finish()).rejects.toMatchObject({ code: 'INTERNAL' });
    await factory.close();
  });

  it('can be closed after its workers', async () => {
    const blobs = new FsBlobStore({ folder: join(home, 'closing') });
    const factory = new WorkerFolderFactory({ blobs, workers: 2 });
    const folder = await open(blobs, factory);
    await factory.close();
    await folder.close();
    await expect(folder.add(weighted(sha256(), 1n))).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('refuses a sum of weights of 2^22 and goes on', async () => {
    const blobs = new FsBlobStore({ folder: join(home, 'weights') });
    const factory = new WorkerFolderFactory({ blobs, workers: 1 });
    const folder = await open(blobs, factory);
    const update = await blobs.put(randomUpdate(manifest, 1));
    await folder.add(weighted(update, 2n));
    await expect(folder.add(weighted(update, 2n ** 22n - 2n))).rejects.toMatchObject({
      code: 'INTERNAL_OVERFLOW',
    });
    await folder.add(weighted(update, 1n));
    expect(await folder.finish()).toMatchObject({ ok: true, sumWeight: 3n });
    await factory.close();
  });
});
