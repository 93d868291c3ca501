import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Hash, isTallyError, utf8 } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundleReader } from './bundle/bundle-reader.js';
import { anchorsFor, NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { rememberedChain } from './testing/remembered-chain.js';
import { Scratch } from './testing/scratch.js';
import { ALL_STEPS, type StepTable, verifyWith } from './verify-bundle.js';

describe('no byte of a bundle is outside a check', () => {
  const scratch = new Scratch();
  const steps: StepTable = { ...ALL_STEPS, chain: rememberedChain() };
  let bundle: TestBundle;
  let evidence: Evidence;
  let paths: readonly string[];
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle();
    evidence = await openEvidence(bundle.folder, steps.chain);
    paths = (await BundleReader.open(bundle.folder)).paths();
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await bundle.remove();
  });

  /** `FAILED`, `malformed`, or a verdict that must not be. */
  const outcome = async (folder: string, anchored: boolean): Promise<string> => {
    const logs = anchorsFor('whole', bundle.anchors, evidence.history.rounds.length);
    const options = { folder, anchors: anchored ? logs : NO_ANCHORS, knownRuntimes };
    try {
      return (await verifyWith(steps, options)).verdict;
    } catch (error) {
      if (isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')) return 'malformed';
      throw error;
    }
  };

  /** Changes a copy; with the manifest made to fit (where there is one) and without. */
  const caught = async (
    path: string,
    change: (copy: TamperedBundle) => Promise<void>,
    listed: boolean,
  ): Promise<void> => {
    const folder = await scratch.copyOf(bundle.folder);
    const copy = new TamperedBundle(folder, evidence, bundle.keys);
    await change(copy);
    if (listed && path !== 'manifest.json') await copy.repairManifest();
    expect(['FAILED', 'malformed']).toContain(await outcome(folder, !listed));
    await scratch.dispose();
  };

  it('E: one random bit of any file is found, its hash repaired or not', async () => {
    const anyBit = fc.record({
      path: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...paths) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('chain/spec.json', 'chain/blocks.bin', 'manifest.json'),
        },
      ),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      bit: fc.integer({ min: 0, max: 7 }),
      listed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(anyBit, async ({ path, at, bit, listed }) => {
        const size = (await new TamperedBundle(bundle.folder, evidence, bundle.keys).read(path))
          .length;
        if (size === 0) return;
        await caught(path, (copy) => copy.flip(path, Math.floor(at * size), bit), listed);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  it('E: every file is missed, listed or not', async () => {
    for (const path of paths) {
      await caught(path, (copy) => copy.remove(path), false);
      await caught(path, (copy) => copy.remove(path), true);
    }
  }, 120_000);

  it('E: every file that lost its last byte is found', async () => {
    for (const path of [...paths, 'manifest.json']) {
      const { length } = await new TamperedBundle(bundle.folder, evidence, bundle.keys).read(path);
      if (length === 0) continue;
      const cut = (copy: TamperedBundle) => truncate(join(copy.folder, path), length - 1);
      await caught(path, cut, true);
    }
  }, 120_000);

  it('E: every file that grew by some bytes is found', async () => {
    for (const path of [...paths, 'manifest.json']) {
      const grow = async (copy: TamperedBundle): Promise<void> => {
        const bytes = await copy.read(path);
        await copy.write(path, new Uint8Array([...bytes, 0]));
      };
      await caught(path, grow, true);
    }
  }, 120_000);

  it('E: an added file is found wherever it stands', async () => {
    const added = ['rounds/0004/task.bin', 'rounds/00000/task.bin', `blobs/${'ab'.repeat(32)}`];
    for (const path of [
      ...added,
      'rounds/4/task.bin',
      'chain/notes.txt',
      'nodes/x.log',
      'readme',
    ]) {
      await caught(path, (copy) => copy.writeIn(path, utf8('x')), true);
      await caught(path, (copy) => copy.writeIn(path, utf8('x')), false);
    }
  }, 60_000);

  it('E: whole records of noise are found and crash nothing', async () => {
    const files = paths.filter((path) => path.startsWith('rounds/'));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
        async (path, noise) => {
          const change = async (copy: TamperedBundle): Promise<void> => {
            const { length } = await copy.read(path);
            await copy.write(path, Uint8Array.from([...noise.take(Math.max(length, 1))]));
          };
          await caught(path, change, true);
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);
});
