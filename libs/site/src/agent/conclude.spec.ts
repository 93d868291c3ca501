import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { decodeSigned, type Header, PROMISE, RECEIPT, signRecord } from '@tallystick/record';
import type { Offer, RoundResult } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeLog } from '../log/read-node-log.js';
import { flipSignature, leafOf, nodeSigner, SiteBench, testHash } from '../testing/index.js';

let bench: SiteBench;
let offer: Offer;
let receipt: string;
beforeEach(async () => {
  bench = await SiteBench.start();
  offer = bench.coordinator.offer();
  receipt = (await bench.update(offer)).receipt;
});
afterEach(() => bench.close());

/** The receipt of another node of the cohort, for the same task. */
function otherReceipt(node: 0 | 2): string {
  const { value } = decodeSigned(RECEIPT, receipt);
  const member = bench.coordinator.cohort[node];
  if (member === undefined) throw new Error('no such member');
  return signRecord(RECEIPT, { ...value, node: member.node }, nodeSigner(node)).wire;
}

function conclude(result: RoundResult): ReturnType<SiteBench['agent']['concluded']> {
  return bench.agent.concluded(result, bench.signal);
}

async function promised(): Promise<string> {
  const promise = bench.coordinator.promise(receipt);
  await bench.agent.promised(bench.coordinator.run, 0, promise);
  return promise;
}

/** The result of this round for this site over its own and two other receipts. */
function goodResult(): RoundResult {
  return bench.finish(offer, [otherReceipt(0), receipt, otherReceipt(2)]);
}

describe('SiteAgent.promised', () => {
  it('keeps a good promise once', async () => {
    await promised();
    await promised();
    expect(await bench.kinds()).toEqual(['task', 'receipt', 'promise']);
  });

  it('rejects a promise for another receipt, round, node or key', async () => {
    const { run } = bench.coordinator;
    const promise = bench.coordinator.promise(otherReceipt(2));
    await expect(bench.agent.promised(run, 0, promise)).rejects.toMatchObject({
      code: 'PROTO_UNEXPECTED',
    });
    const { value } = decodeSigned(PROMISE, bench.coordinator.promise(receipt));
    const foreign = { ...value, receipt: testHash('another receipt') };
    const { wire } = signRecord(PROMISE, foreign, bench.coordinator.signer);
    await expect(bench.agent.promised(run, 0, wire)).rejects.toThrow(/another receipt/);
    const mine = bench.coordinator.promise(receipt);
    await expect(bench.agent.promised(run, 1, mine)).rejects.toMatchObject({
      code: 'PROTO_UNEXPECTED',
    });
    await expect(bench.agent.promised(run, 0, flipSignature(mine))).rejects.toMatchObject({
      code: 'AUTH_RECORD_SIGNATURE',
    });
    const forged = signRecord(PROMISE, value, nodeSigner(2)).wire;
    await expect(bench.agent.promised(run, 0, forged)).rejects.toMatchObject({
      code: 'AUTH_RECORD_SIGNATURE',
    });
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
  });
});

describe('SiteAgent.concluded', () => {
  it('keeps header and inclusion, and gives the model', async () => {
    await promised();
    const result = goodResult();
    expect(result.inclusion).toMatchObject({ index: 1 });
    const model = result.header.header.modelAfter;
    expect(await conclude(result)).toEqual({ model });
    expect(await conclude(result)).toEqual({ model });
    await bench.restart();
    expect(await conclude(result)).toEqual({ model });
    const kinds = ['task', 'receipt', 'promise', 'header', 'inclusion'];
    expect(await bench.kinds()).toEqual(kinds);
    const log = await readNodeLog(bench.log.path);
    expect(log.inclusions[0]).toMatchObject({ index: 1, weight: 172n });
    expect((await bench.update()).kind).toBe('update');
  });

  it('accepts a round it was promised nothing in, and one it did not answer', async () => {
    const without = bench.finish(offer, [otherReceipt(0)]);
    expect(await conclude(without)).toEqual({ model: without.header.header.modelAfter });
    bench.play(1);
    const later = bench.finish(bench.coordinator.offer());
    bench.source.headersHeld = bench.coordinator.headers;
    expect(await conclude(later)).toEqual({ model: later.header.header.modelAfter });
    expect(await bench.evidence()).toEqual([]);
    expect((await bench.kinds()).filter((kind) => kind === 'header')).toHaveLength(3);
  });

  it('accuses nobody of an empty round', async () => {
    await promised();
    const changes: Partial<Header> = { modelAfter: offer.task.task.model, stateAfter: ZERO_HASH };
    const result = bench.coordinator.close(offer, [], { changes });
    expect(await conclude(result)).toEqual({ model: offer.task.task.model });
    expect(await bench.evidence()).toEqual([]);
  });

  it('keeps a broken promise as evidence, proved by the leaves', async () => {
    const promise = await promised();
    const result = bench.finish(offer, [otherReceipt(0), otherReceipt(2)]);
    bench.source.leavesHeld = [leafOf(otherReceipt(0)), leafOf(otherReceipt(2))];
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_PROMISE_BROKEN' });
    expect(await bench.evidence()).toEqual([
      expect.objectContaining({
        code: 'ROUND_PROMISE_BROKEN',
        detail: 'the leaves of contribRoot do not hold the promised receipt',
        wires: [receipt, promise, result.header.wire],
      }),
    ]);
  });

  it('says that no proof was shown when the leaves are not to be had or not the leaves', async () => {
    await promised();
    const result = bench.finish(offer, [otherReceipt(0), otherReceipt(2)]);
    bench.source.leavesHeld = [leafOf(otherReceipt(0)), leafOf(receipt)];
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_PROMISE_BROKEN' });
    expect((await bench.evidence())[0]?.detail).toMatch(/no proof of inclusion/);
  });

  it('finds itself in the leaves when the proof got lost on the way', async () => {
    await promised();
    const receipts = [otherReceipt(0), receipt, otherReceipt(2)];
    const { header } = bench.finish(offer, receipts);
    bench.source.leavesHeld = receipts.map(leafOf);
    expect(await conclude({ header })).toEqual({ model: header.header.modelAfter });
    expect((await bench.lines()).at(-1)).toMatchObject({ type: 'inclusion', index: 1 });
    expect(await bench.evidence()).toEqual([]);
  });

  it('takes a receipt that was replaced by another of the same node for a broken promise', async () => {
    await promised();
    const { value } = decodeSigned(RECEIPT, receipt);
    const swapped = signRecord(RECEIPT, { ...value, numExamples: 1n }, nodeSigner(1)).wire;
    const { header } = bench.finish(offer, [swapped]);
    bench.source.leavesHeld = [leafOf(swapped)];
    expect(await conclude({ header })).toMatchObject({ code: 'ROUND_PROMISE_BROKEN' });
  });

  it.each<[string, (result: RoundResult) => RoundResult, RegExp]>([
    [
      'a weight that is not the rule',
      (result) => bend(result, (inclusion) => ({ ...inclusion, weight: 1n })),
      /weight 1, by the rule 172/,
    ],
    [
      'another index',
      (result) => bend(result, (inclusion) => ({ ...inclusion, index: 0 })),
      /leaf 0 of 3 is another one/,
    ],
    [
      'another sibling',
      (result) =>
        bend(result, (inclusion) => ({
          ...inclusion,
          proof: inclusion.proof.map((step) => ({ ...step, hash: testHash('sibling') })),
        })),
      /leaf 1 of 3 is another one/,
    ],
    [
      'a wrong sum on the way',
      (result) =>
        bend(result, (inclusion) => ({
          ...inclusion,
          proof: inclusion.proof.map((step) => ({ ...step, sum: step.sum + 1n })),
        })),
      /leaf 1 of 3 is another one/,
    ],
  ])('keeps an inclusion proof with %s as evidence', async (_what, change, reason) => {
    await promised();
    const result = change(goodResult());
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_INCLUSION_INVALID' });
    expect((await bench.evidence())[0]?.detail).toMatch(reason);
    expect(await bench.kinds()).not.toContain('inclusion');
  });

  it('keeps two signed headers of one round as evidence, once', async () => {
    await promised();
    const good = goodResult();
    const receipts = [otherReceipt(0), receipt, otherReceipt(2)];
    const changes = { modelAfter: testHash('another model') };
    const other = bench.coordinator.close(offer, receipts, { changes });
    await conclude(good);
    expect(await conclude(other)).toMatchObject({ code: 'ROUND_HEADER_DIFFERS' });
    expect(await conclude(other)).toMatchObject({ code: 'ROUND_HEADER_DIFFERS' });
    expect(await bench.evidence()).toEqual([
      expect.objectContaining({ wires: [good.header.wire, other.header.wire] }),
    ]);
    expect(bench.log.history(bench.coordinator.run)?.head?.header).toEqual(good.header.header);
  });

  it.each<[string, Partial<Header>, RegExp]>([
    ['task', { task: testHash('task') }, /another task than this site was given/],
    ['atBlock', { atBlock: 99 }, /^atBlock is 99/],
    ['deadlineMs', { deadlineMs: 5n }, /^deadlineMs is 5/],
    ['cohort', { cohort: 5, excluded: 4 }, /^cohort is 5/],
  ])("keeps a header whose %s is not its task's as evidence", async (_field, changes, reason) => {
    const result = bench.coordinator.close(offer, [receipt], { changes });
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_HEADER_DIFFERS' });
    const [evidence, ...more] = await bench.evidence();
    expect(more).toEqual([]);
    expect(evidence).toMatchObject({ wires: [offer.task.wire, result.header.wire] });
    expect(evidence?.detail).toMatch(reason);
  });

  it.each<[string, Partial<Header>, RegExp]>([
    ['prev', { prev: testHash('prev') }, /^prev is/],
    ['modelBefore', { modelBefore: testHash('model') }, /^modelBefore is/],
    ['included', { included: 4 }, /^included 4/],
  ])(
    'keeps a header whose %s does not continue, outside the chain',
    async (_f, changes, reason) => {
      const result = bench.coordinator.close(offer, [receipt], { changes });
      expect(await conclude(result)).toMatchObject({ code: 'ROUND_HEADER_DIFFERS' });
      expect((await bench.evidence())[0]?.detail).toMatch(reason);
      expect(await bench.kinds()).toEqual(['task', 'receipt', 'evidence']);
      expect(await conclude(goodResult())).toHaveProperty('model');
    },
  );

  it('rejects a header that the pinned key did not sign, and keeps nothing of it', async () => {
    const result = goodResult();
    const wire = flipSignature(result.header.wire);
    const forged = { ...result, header: { ...result.header, wire } };
    await expect(conclude(forged)).rejects.toMatchObject({ code: 'AUTH_RECORD_SIGNATURE' });
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
  });

  it('believes the bytes of a header, not the value beside them', async () => {
    const result = goodResult();
    const model: Hash = testHash('smuggled');
    const header = { ...result.header, header: { ...result.header.header, modelAfter: model } };
    expect(await conclude({ ...result, header })).toEqual({
      model: result.header.header.modelAfter,
    });
  });
});

describe('SiteAgent.evaluate', () => {
  it('measures a model on the test rows in nano-units', async () => {
    const { run } = bench.coordinator;
    expect(await bench.agent.evaluate(run, bench.run.model.id, bench.signal)).toEqual({
      numExamples: 89,
      metrics: { loss: 250_000_000n, accuracy: 750_000_000n },
    });
    await bench.restart();
    expect(await bench.agent.evaluate(run, bench.run.model.id, bench.signal)).toMatchObject({
      numExamples: 89,
    });
  });

  it('rejects a run it was never asked to train, a damaged model and a failed engine', async () => {
    const { run } = bench.coordinator;
    const other = await SiteBench.start();
    await expect(other.agent.evaluate(run, bench.run.model.id, bench.signal)).rejects.toMatchObject(
      { code: 'USAGE_UNKNOWN_RUN' },
    );
    await other.close();
    bench.source.models.set(testHash('bad'), new Uint8Array(3));
    await expect(bench.agent.evaluate(run, testHash('bad'), bench.signal)).rejects.toMatchObject({
      code: 'STORE_BLOB_DAMAGED',
    });
    bench.trainer.failure = new TallyError('ENGINE_TIMEOUT', { timeoutMs: 1 });
    await expect(bench.agent.evaluate(run, bench.run.model.id, bench.signal)).rejects.toMatchObject(
      { code: 'ENGINE_TIMEOUT' },
    );
  });
});

function bend(
  result: RoundResult,
  change: (
    inclusion: NonNullable<RoundResult['inclusion']>,
  ) => NonNullable<RoundResult['inclusion']>,
): RoundResult {
  if (result.inclusion === undefined) throw new Error('the result shows no inclusion');
  return { ...result, inclusion: change(result.inclusion) };
}
