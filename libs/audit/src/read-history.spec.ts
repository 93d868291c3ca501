import { join } from 'node:path';
import { littleEndian } from '@tallystick/chain/testing';
import { asHash, asRunId, concatBytes, fromHex, type Hash, toHex, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { parseCanonicalSpec, RunSpec } from '@tallystick/protocol';
import { canonicalJson } from '@tallystick/record';
import { afterEach, describe, expect, it } from 'vitest';
import { BundleReader } from './bundle/bundle-reader.js';
import { readScores } from './bundle/epoch-scores.js';
import { BundleWriter } from './bundle/bundle-writer.js';
import { Mismatch } from './findings.js';
import type { VerifiedChain } from './history.js';
import { readHistory } from './read-history.js';
import type { ReadState } from './state/read-state.js';
import { runKey } from './state/stored-run.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { Scratch } from './testing/scratch.js';

const A = asHash('aa'.repeat(32));

/** `Tally.Runs` of an operator who can put anything on its chain. */
function runBytes(spec: Hash, nextRound: number): Uint8Array {
  return concatBytes(
    new Uint8Array(64),
    Uint8Array.of(0),
    fromHex(spec),
    new Uint8Array(4 * 32),
    littleEndian(nextRound, 4),
    new Uint8Array(4 + 28 + 9 + 5 + 25 + 64 + 40 + 16 + 20 + 1),
  );
}

function chainOf(run: Uint8Array | undefined): VerifiedChain {
  const head = { number: 0, hash: A };
  const isRun = (key: Uint8Array): boolean => toHex(key) === toHex(runKey(asRunId(0)));
  const stateAt = (): ReadState => (key) => (isRun(key) ? run : undefined);
  return { genesis: A, head, runtimes: [], hashOf: () => A, stateAt };
}

const layer = (units: number) => ({ dense: { units } });
const specOf = (layers: readonly unknown[]): string =>
  canonicalJson(
    RunSpec.parse({
      tallystick: 1,
      name: 'unit',
      purpose: 'DUO:0000007',
      data: {
        dataset: 'd',
        label: { column: 'y', above: 0 },
        split: { column: 'set' },
        features: [{ column: 'x' }],
      },
      model: { layers, loss: 'sigmoidCrossEntropy' },
      local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } },
      strategy: { fedAvg: {} },
      rounds: 3,
      window: { count: { min: 3 }, deadlineMs: 10_000 },
    }),
  );

describe('readHistory of an operator who wrote what it liked', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.dispose());

  const found = async (
    spec: Uint8Array | undefined,
    run: Uint8Array | undefined,
  ): Promise<Mismatch['finding']> => {
    const folder = join(await scratch.folder(), 'bundle');
    const writer = await BundleWriter.create(folder);
    if (spec !== undefined) await writer.put('run/spec.json', spec);
    await writer.finish({ run: asRunId(0), genesis: A, head: A });
    const bundle = await BundleReader.open(folder);
    const error = await readHistory(bundle, chainOf(run), {
      anchors: NO_ANCHORS,
      readScores,
      parseSpec: parseCanonicalSpec,
    }).catch((e: unknown) => e);
    if (error instanceof Mismatch) return error.finding;
    throw error;
  };
  const bySpec = (text: string, nextRound = 0) =>
    found(utf8(text), runBytes(sha256(utf8(text)), nextRound));

  it('finds a run that the chain does not hold, or holds as noise', async () => {
    expect(await found(utf8('{}'), undefined)).toMatchObject({ record: 'run 0 on the chain' });
    expect(await found(utf8('{}'), new Uint8Array(7))).toMatchObject({ by: 'chain operator' });
  });

  it('finds a spec that is missing or another one', async () => {
    expect(await found(undefined, runBytes(A, 0))).toMatchObject({ found: 'none' });
    expect(await found(utf8('{}'), runBytes(A, 0))).toMatchObject({ expected: A });
  });

  it.each([
    ['no JSON', 'hello: [', 'coordinator'],
    ['not a spec', '{}', 'coordinator'],
    ['not canonical', `${specOf([layer(1)])} `, 'coordinator'],
    ['nested deeply', '{"a":'.repeat(100_000), 'coordinator'],
    ['a bomb of anchors', `a: &a [x,x]\n${'b: [*a,*a]\n'.repeat(1000)}`, 'coordinator'],
  ])('finds an accepted spec that is %s', async (_, text, by) => {
    expect(await bySpec(text)).toMatchObject({ record: 'run/spec.json', by });
  });

  it('finds an accepted spec that is no text', async () => {
    const bytes = Uint8Array.of(0xff, 0xfe);
    expect(await found(bytes, runBytes(sha256(bytes), 0))).toMatchObject({ by: 'coordinator' });
  });

  it('finds a model that cannot be built, and one that is not the run’s', async () => {
    const huge = specOf([layer(65_536), layer(65_536), layer(1)]);
    expect(await bySpec(huge)).toMatchObject({ record: 'genesis model', by: 'coordinator' });
    expect(await bySpec(specOf([layer(1)]))).toMatchObject({ record: 'genesis model' });
  });
});
