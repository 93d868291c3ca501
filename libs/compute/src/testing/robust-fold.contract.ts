import {
  blockOffsets,
  decodeState,
  decodeUpdate,
  DENSE_I32,
  encodeModel,
  encodeState,
  initialState,
  type Manifest,
  manifestOf,
  NO_TOTALS,
  type RobustRule,
  type ServerState,
  stateParts,
  type Strategy,
  takeStep,
} from '@tallystick/aggregation';
import { randomUpdate, referenceAggregate, updateOf } from '@tallystick/aggregation/testing';
import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobStore, FoldResult, FoldSpec, Weighted } from '@tallystick/rounds';
import { describe, expect, it } from 'vitest';
import { foldOf, RULES, weighted } from './fold-inputs.js';
import type { FolderSetup } from './folder.contract.js';

const STRATEGY: Strategy = { kind: 'fedAvgM', serverLearningRate: 0.5, beta1: 0.5 };
/** Two rows, so that of four lanes two have positions of their own. */
const MANIFEST: Manifest = manifestOf(sha256, [
  { name: 'dense0.kernel', shape: [126, 130] },
  { name: 'dense0.bias', shape: [129] },
  { name: 'dense1.kernel', shape: [129, 3] },
]);
const MODEL = Float32Array.from({ length: MANIFEST.d }, (_, j) => Math.fround(Math.sin(j)));

interface Given {
  readonly contribution: Weighted;
  readonly values: BigInt64Array;
}

async function elevenUpdates(blobs: BlobStore): Promise<Given[]> {
  const files = Array.from({ length: 11 }, (_, i) => randomUpdate(MANIFEST, i));
  return Promise.all(
    files.map(async (file, i) => ({
      contribution: weighted(await blobs.put(file), BigInt(1 + ((37 * i) % 101)), (i * 5) % 11),
      values: decodeUpdate(file, MANIFEST, DENSE_I32),
    })),
  );
}

/** The reference of rules and a round that came before: slow, so each is asked for once. */
const known = new Map<string, { exact: BigInt64Array; divisor: bigint }>();

function referenceOf(
  rules: Pick<FoldSpec, 'robust' | 'clipNorm'>,
  given: readonly Given[],
  z: BigInt64Array | undefined,
): { exact: BigInt64Array; divisor: bigint } {
  const key = JSON.stringify([rules, String(z?.[0])]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const updates = given.map(({ contribution, values }) => {
    return { ...contribution, values: [...values] };
  });
  const place = { offsets: blockOffsets(MANIFEST), ...(z && { z: [...z] }) };
  const { sums, divisor } = referenceAggregate(rules, updates, place);
  const result = { exact: BigInt64Array.from(sums), divisor };
  known.set(key, result);
  return result;
}

/** What the fold must store, by the plain reference and the server step. */
async function wantedOf(
  at: FolderSetup,
  rules: Pick<FoldSpec, 'robust' | 'clipNorm'>,
  { given, before }: { given: readonly Given[]; before?: ServerState },
): Promise<FoldResult> {
  const state = before ?? initialState(stateParts(STRATEGY.kind, rules.robust?.kind), MANIFEST.d);
  const { exact, divisor } = referenceOf(rules, given, state?.z);
  const step = takeStep({
    ...{ manifest: MANIFEST, model: MODEL, strategy: STRATEGY, sums: exact, cohort: 4 },
    ...{ ...NO_TOTALS, sumWeight: divisor },
    state: state?.z === undefined ? state : { ...state, z: exact },
  });
  if (!step.ok || step.state === undefined) throw new Error('no step');
  return {
    ok: true,
    model: await at.blobs.put(encodeModel(MANIFEST, step.model)),
    state: await at.blobs.put(encodeState(MANIFEST, step.state)),
    sumWeight: given.reduce((sum, { contribution }) => sum + contribution.weight, 0n),
  };
}

async function finished(
  { factory, blobs }: FolderSetup,
  rules: Partial<FoldSpec>,
  contributions: readonly Weighted[],
): Promise<FoldResult> {
  const model = await blobs.put(encodeModel(MANIFEST, MODEL));
  const folder = await factory.open(foldOf({ model, strategy: STRATEGY, ...rules }));
  try {
    for (const contribution of contributions) await folder.add(contribution);
    return await folder.finish();
  } finally {
    await folder.close();
  }
}

/** What every Folder promises of rules that need all updates (protocol.md §1.8). */
export function robustFoldContract(setup: () => Promise<FolderSetup>): void {
  describe('a fold that needs all updates', () => {
    it.each(RULES)('stores what the reference says, however they arrive: %j', async (rules) => {
      const at = await setup();
      const given = await elevenUpdates(at.blobs);
      const contributions = given.map(({ contribution }) => contribution);
      const wanted = await wantedOf(at, rules, { given });
      expect(await finished(at, rules, contributions)).toEqual(wanted);
      expect(await finished(at, rules, contributions.toReversed())).toEqual(wanted);
      const model = await at.blobs.put(encodeModel(MANIFEST, MODEL));
      const folder = await at.factory.open(foldOf({ model, strategy: STRATEGY, ...rules }));
      for (const contribution of contributions.slice(0, 2)) await folder.add(contribution);
      await folder.rebuild(contributions);
      expect(await folder.finish()).toEqual(wanted);
      await folder.close();
      expect(await finished(at, {}, contributions)).not.toEqual(wanted);
    });

    it('carries the centre from round to round', async () => {
      const at = await setup();
      const robust: RobustRule = { kind: 'centredClipping', tolerance: 2, radius: 2 ** 46 };
      const given = await elevenUpdates(at.blobs);
      const contributions = given.map(({ contribution }) => contribution);
      const first = await finished(at, { robust }, contributions);
      if (!first.ok) throw new Error('no step');
      const before = decodeState(MANIFEST, await at.blobs.get(first.state));
      const second = await finished(at, { robust, state: first.state }, contributions);
      expect(second).toEqual(await wantedOf(at, { robust }, { given, before }));
      expect(second).not.toEqual(first);
    });

    it('decides ties by node, not by arrival', async () => {
      const at = await setup();
      // On a line: all but the ends have the same Krum score.
      const updates: Hash[] = [];
      for (let i = 0; i < 7; i++) {
        const values = Float64Array.from({ length: MANIFEST.d }, () => (i - 3) * 2 ** 30);
        updates.push(await at.blobs.put(updateOf(MANIFEST, values)));
      }
      const robust: RobustRule = { kind: 'krum', tolerance: 2 };
      const numbered = updates.map((update, i) => weighted(update, 1n, i));
      const arrived = numbered.toReversed();
      const first = await finished(at, { robust }, numbered);
      expect(await finished(at, { robust }, arrived)).toEqual(first);
      // The mutant: nodes numbered as they arrive.
      const renumbered = arrived.map(({ update }, i) => weighted(update, 1n, i));
      expect(await finished(at, { robust }, renumbered)).not.toEqual(first);
    });

    it('says which update is gone, and ends', async () => {
      const at = await setup();
      const given = await elevenUpdates(at.blobs);
      const contributions = given.map(({ contribution }) => contribution);
      const gone = weighted(sha256(), 1n, 99);
      const robust: RobustRule = { kind: 'median', tolerance: 2 };
      await expect(finished(at, { robust }, [...contributions, gone])).rejects.toMatchObject({
        code: 'STORE_BLOB_MISSING',
      });
      expect(await finished(at, { robust }, contributions)).toMatchObject({ ok: true });
    });

    it('notes at most 1,024 updates and says so', async () => {
      const at = await setup();
      const model = await at.blobs.put(encodeModel(MANIFEST, MODEL));
      const robust: RobustRule = { kind: 'median', tolerance: 2 };
      const folder = await at.factory.open(foldOf({ model, strategy: STRATEGY, robust }));
      for (let node = 0; node < 1024; node++) await folder.add(weighted(ZERO_HASH, 1n, node));
      await expect(folder.add(weighted(ZERO_HASH, 1n, 1024))).rejects.toMatchObject({
        code: 'INTERNAL_OVERFLOW',
      });
      await folder.close();
    });
  });
}
