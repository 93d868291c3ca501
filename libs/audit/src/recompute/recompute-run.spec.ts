import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testBundle, type TestBundle } from '../testing/fixture/test-bundle.js';
import { type ServedRun, serveRun } from '../testing/served-run.js';
import type { RpcRequest } from './chain-rpc.js';
import { readItems } from './read-items.js';
import { recomputeRun, type Recomputed } from './recompute-run.js';

/** Flips the lowest bit of the hex digit at `at` from the end. */
function flipped(hex: string, at = 1): string {
  const i = hex.length - at;
  const digit = (Number.parseInt(hex.charAt(i), 16) ^ 1).toString(16);
  return hex.slice(0, i) + digit + hex.slice(i + 1);
}

describe('recomputeRun', () => {
  let bundle: TestBundle;
  let served: ServedRun;

  beforeAll(async () => {
    bundle = await testBundle();
    served = await serveRun(bundle.folder);
  }, 60_000);
  afterAll(() => bundle.remove());

  const audit = (changed: Partial<ServedRun> = {}): Promise<Recomputed> =>
    recomputeRun({ run: bundle.run, ...served, ...changed });

  /** The coordinator serves round 1 with one file changed. */
  const withFile = (part: string, change: (hex: string) => string): Partial<ServedRun> => ({
    fetch: async (path) => {
      const text = await served.fetch(path);
      if (text === undefined || !path.endsWith('rounds/1/evidence')) return text;
      const evidence = JSON.parse(text) as Record<string, string>;
      return JSON.stringify({ ...evidence, [part]: change(evidence[part] ?? '') });
    },
  });
  const withAnswer = (
    method: string,
    change: (answer: never, request: RpcRequest) => unknown,
  ): Partial<ServedRun> => ({
    rpc: {
      call: async (requests) => {
        const answers = await served.rpc.call(requests);
        return requests.map((request, i) =>
          request.method === method ? change(answers[i] as never, request) : answers[i],
        );
      },
    },
  });

  it('an honest run passes every step that needs no model, with the counts of the bundle’s verifier', async () => {
    const steps: string[] = [];
    const result = await recomputeRun({
      run: bundle.run,
      ...served,
      onStep: ({ step, checked }) => steps.push(`${step} ${checked}`),
    });
    expect(result).toMatchObject({
      finding: null,
      rounds: 4,
      committed: 4,
      genesis: bundle.genesis,
    });
    expect(steps).toEqual(['V1 12', 'V2 4', 'V3 32', 'V4 23', 'V5 16', 'V7 10', 'V9 6', 'V10 0']);
  });

  it.each([
    ['receipts', 'V4', /receipt of node \d/],
    ['leaves', 'V3', /rounds\/0001\/leaves\.bin/],
    ['header', 'V2', /rounds\/0001\/header\.bin/],
    ['promises', 'V4', /promise to node \d/],
    ['cohort', 'V3', /rounds\/0001\/cohort\.bin/],
  ])('one bit of %s is found by %s, with its round', async (part, step, record) => {
    const { finding } = await audit(withFile(part, flipped));
    expect(finding).toMatchObject({ step, round: 1 });
    expect(finding?.record).toMatch(record);
  });

  it('evidence that is cut, missing or no hex is a finding', async () => {
    const cut = await audit(withFile('leaves', (hex) => hex.slice(2)));
    expect(cut.finding).toMatchObject({ step: 'V2', round: 1, record: 'rounds/0001/leaves.bin' });
    const odd = await audit(withFile('leaves', () => 'zz'));
    expect(odd.finding).toMatchObject({ step: 'V2', round: 1, record: 'rounds/0001/leaves.bin' });
    const gone = await audit({
      fetch: (path) =>
        path.endsWith('rounds/1/evidence') ? Promise.resolve(undefined) : served.fetch(path),
    });
    expect(gone.finding).toMatchObject({ round: 1, expected: 'the file', found: 'none' });
  });

  it('a header that is not the hash of what follows, a seal and a proof that do not hold are found by V1', async () => {
    const header = await audit(
      withAnswer('chain_getHeader', (answer: { number: string; stateRoot: string }) => ({
        ...answer,
        stateRoot: answer.number === '0x3' ? flipped(answer.stateRoot) : answer.stateRoot,
      })),
    );
    expect(header.finding).toMatchObject({ step: 'V1', record: 'header of block 3' });
    const proof = await audit(
      withAnswer('state_getReadProof', ({ proof: nodes }: { proof: string[] }) => ({
        proof: nodes.map((node, i) => (i === 0 ? flipped(node) : node)),
      })),
    );
    expect(proof.finding).toMatchObject({ step: 'V1', by: 'chain operator' });
    const nothing = await audit(withAnswer('state_getReadProof', () => null));
    expect(nothing.finding).toMatchObject({ step: 'V1', expected: 'a read proof' });
  });

  it('items of the head are decoded from what was proved, beside their bytes', async () => {
    const { block, items } = await readItems(served.rpc, bundle.run);
    expect(block).toBe(12);
    const rounds = [3, 2, 1, 0].map((round) => `Tally.Rounds ${bundle.run} ${round}`);
    expect(items.map(({ name }) => name)).toEqual([`Tally.Runs ${bundle.run}`, ...rounds]);
    expect(new Map(items[0]?.fields).get('nextRound')).toBe('4');
    expect(JSON.stringify(items)).not.toContain('[object');
    const { rpc } = withAnswer('state_getReadProof', () => ({ proof: [] }));
    await expect(readItems(rpc ?? served.rpc, bundle.run)).rejects.toThrow('a proof of what');
  });

  it('mutant: with steps that say yes to everything the changed receipt is not found', async () => {
    const blind = await recomputeRun(
      { run: bundle.run, ...served, ...withFile('receipts', flipped) },
      [{ id: 'V4', step: () => 1 }],
    );
    expect(blind.finding).toBeNull();
  });
});
