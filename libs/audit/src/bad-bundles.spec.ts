import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { asHash, asRunId, type Hash, isTallyError, utf8, ZERO_HASH } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundleReader } from './bundle/bundle-reader.js';
import { blobPath, roundPath } from './bundle/layout.js';
import { decodeManifest, encodeManifest } from './bundle/manifest.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { ALL_STEPS, type StepTable, verifyWith } from './verify-bundle.js';

/** Whatever is handed in as a bundle gets a verdict that names something: never a crash, never a pass. */
describe('a bad bundle', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  let foreign: TestBundle;
  let evidence: Evidence;
  let paths: readonly string[];
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle();
    foreign = await testBundle({ nodeKeys: 'foreign', spec: { seed: 1 } });
    evidence = await openEvidence(bundle.folder);
    paths = (await BundleReader.open(bundle.folder)).paths();
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await Promise.all([bundle.remove(), foreign.remove()]);
  });

  /** The record or file that the verdict names after `change`; throws unless the bundle was refused with a name. */
  const named = async (
    change: (copy: TamperedBundle) => Promise<void>,
    steps: StepTable = ALL_STEPS,
  ): Promise<string> => {
    const folder = await scratch.copyOf(bundle.folder);
    await change(new TamperedBundle(folder, evidence, bundle.keys));
    try {
      const report = await verifyWith(steps, { folder, anchors: NO_ANCHORS, knownRuntimes });
      expect(report).toMatchObject({ verdict: 'FAILED' });
      return `${report.finding?.step} ${report.finding?.record}`;
    } catch (error) {
      if (!isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')) throw error;
      expect(String(error.meta['path'])).not.toBe('');
      return `malformed ${String(error.meta['path'])}`;
    } finally {
      await scratch.dispose();
    }
  };
  /** Blocks that nobody touched need not be executed every time. */
  const trusting: StepTable = {
    ...ALL_STEPS,
    chain: () => Promise.resolve(evidence.history.chain),
  };
  const stepsFor = (path: string): StepTable => (path.startsWith('chain/') ? ALL_STEPS : trusting);

  const anyPath = (): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...paths) },
      { weight: 1, arbitrary: fc.constantFrom('chain/spec.json', 'chain/blocks.bin') },
    );
  const share = (): fc.Arbitrary<number> =>
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('E: cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(anyPath(), share(), async (path, at) => {
        const { length } = await new TamperedBundle(bundle.folder, evidence, bundle.keys).read(
          path,
        );
        if (length === 0) return;
        await named(async (copy) => {
          await copy.write(path, (await copy.read(path)).subarray(0, Math.floor(at * length)));
          await copy.repairManifest();
        }, stepsFor(path));
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('E: bytes moved, doubled or replaced by noise anywhere', async () => {
    const piece = fc.uint8Array({ minLength: 1, maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(anyPath(), share(), share(), piece, async (path, from, to, noise) => {
        const honest = await new TamperedBundle(bundle.folder, evidence, bundle.keys).read(path);
        const [a, b] = [from, to]
          .map((at) => Math.floor(at * honest.length))
          .toSorted((x, y) => x - y);
        const head = honest.subarray(0, a);
        const changed = Uint8Array.from([...head, ...noise, ...honest.subarray(b)]);
        if (Buffer.compare(honest, changed) === 0) return;
        await named(async (copy) => {
          await copy.write(path, changed);
          await copy.repairManifest();
        }, stepsFor(path));
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('E: two files of a round exchanged', async () => {
    const files = ['leaves.bin', 'receipts.bin', 'promises.bin', 'task.bin'] as const;
    for (const file of files) {
      const swap = named(async (copy) => {
        const [a, b] = [roundPath(0, file), roundPath(1, file)];
        const [first, second] = [await copy.read(a), await copy.read(b)];
        await copy.write(a, second);
        await copy.write(b, first);
        await copy.repairManifest();
      }, trusting);
      expect(await swap).toMatch(/^V[234] /);
    }
  }, 60_000);

  it('E: each file of a foreign run, and all of them but one', async () => {
    const other = (await BundleReader.open(foreign.folder)).paths();
    const shared = paths.filter((path) => other.includes(path) && !path.startsWith('blobs/'));
    const differing: string[] = [];
    for (const path of shared) {
      const own = await new TamperedBundle(bundle.folder, evidence, bundle.keys).read(path);
      const strange = await new TamperedBundle(foreign.folder, evidence, bundle.keys).read(path);
      if (Buffer.compare(own, strange) !== 0) differing.push(path);
    }
    expect(differing.length).toBeGreaterThan(20);
    for (const path of differing) {
      await named(async (copy) => {
        await copyFile(join(foreign.folder, path), join(copy.folder, path));
        await copy.repairManifest();
      }, stepsFor(path));
    }
    const allButChain = named(async (copy) => {
      for (const path of other.filter((name) => !name.startsWith('chain/'))) {
        await copyFile(join(foreign.folder, path), join(copy.folder, path));
      }
      await copy.repairManifest();
    });
    expect(await allButChain).toBe('V2 run/spec.json');
  }, 120_000);

  it.each([
    ['an unknown run', { run: asRunId(7) }, /^V2 run 7 on the chain$/],
    ['somebody else’s run', { run: asRunId(0) }, /^V2 /],
    ['a wrong genesis', { genesis: ZERO_HASH }, /^V1 genesis in manifest\.json$/],
    ['a wrong head', { head: ZERO_HASH }, /^V1 head in manifest\.json$/],
  ])('E: %s', async (_, change, expected) => {
    const seen = await named(async (copy) => {
      const manifest = decodeManifest(await copy.read('manifest.json'));
      await copy.write('manifest.json', encodeManifest({ ...manifest, ...change }));
    });
    expect(seen).toMatch(expected);
  });

  it.each([
    ['manifest.json', 'malformed manifest.json'],
    ['run/spec.json', 'V2 run/spec.json'],
    ['chain/spec.json', 'V1 chain/spec.json'],
    [roundPath(1, 'metrics.json'), `V3 ${roundPath(1, 'metrics.json')}`],
  ])('E: %s encoded otherwise', async (path, expected) => {
    const reencoded = (pretty: (json: unknown) => string): Promise<string> =>
      named(async (copy) => {
        const json: unknown = JSON.parse(new TextDecoder().decode(await copy.read(path)));
        if (path !== 'manifest.json') await copy.write(path, utf8(pretty(json)));
        if (path !== 'manifest.json') await copy.repairManifest();
        else await copy.write(path, utf8(pretty(json)));
      });
    expect(await reencoded((json) => JSON.stringify(json, null, 1))).toBe(expected);
    expect(await reencoded((json) => `${JSON.stringify(json)}\n`)).toBe(expected);
    expect(await reencoded((json) => `\ufeff${JSON.stringify(json)}`)).toBe(expected);
  });

  it('E: every blob missed is named by its round and its name', async () => {
    const { rounds, genesisModel } = evidence.history;
    const counted = rounds.filter(({ leaves }) => leaves.length > 0);
    const ids = new Set([
      genesisModel.id,
      ...counted.flatMap(({ header: { value }, leaves }) => [
        value.modelAfter,
        value.stateAfter,
        ...leaves.map(({ update }) => update),
      ]),
    ]);
    for (const id of ids) {
      const seen = await named(async (copy) => {
        await copy.remove(blobPath(id));
        await copy.repairManifest();
      }, trusting);
      expect(seen).toContain(blobPath(id));
      expect(seen).toMatch(/^V[68] /);
    }
    const swapped = named(async (copy) => {
      const [first, second] = [...ids].slice(-2).map((id) => blobPath(asHash(id)));
      const bytes = await copy.read(first ?? '');
      await copy.write(first ?? '', await copy.read(second ?? ''));
      await copy.write(second ?? '', bytes);
      await copy.repairManifest();
    }, trusting);
    expect(await swapped).toMatch(/^V6 update of node/);
  }, 60_000);
});
