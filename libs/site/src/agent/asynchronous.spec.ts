import type { Hash } from '@tallystick/kernel';
import { type Header, decodeSigned, RECEIPT, signRecord } from '@tallystick/record';
import { discounted, type Offer, type RoundResult } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeLog } from '../log/read-node-log.js';
import { leafIn, leafOf, nodeSigner, SiteBench, testSpec } from '../testing/index.js';

/** A run whose updates may be two rounds old. */
const RUN = testSpec(
  (yaml) =>
    `${yaml.replace('count: { min: 2 }', 'count: { min: 2, max: 3 }')}asynchronous: { maxStaleness: 2 }\n`,
);

let bench: SiteBench;
let first: Offer;
let receipt: string;
beforeEach(async () => {
  bench = await SiteBench.start({ run: RUN });
  first = bench.coordinator.offer();
  receipt = (await bench.update(first)).receipt;
});
afterEach(() => bench.close());

const conclude = (result: RoundResult): ReturnType<SiteBench['agent']['concluded']> =>
  bench.agent.concluded(result, bench.signal);

const promised = (round: number): Promise<void> =>
  bench.agent.promised(bench.coordinator.run, 0, bench.coordinator.promise(receipt, round));

/** The receipt of another node for the task of `offer`. */
function otherReceipt(offer: Offer, node: 0 | 2): string {
  const { value } = decodeSigned(RECEIPT, receipt);
  const member = bench.coordinator.cohort[node];
  if (member === undefined) throw new Error('no such member');
  const { round, prev } = offer.task.task;
  const other = { ...value, round, prev, task: offer.taskHash, node: member.node };
  return signRecord(RECEIPT, other, nodeSigner(node)).wire;
}

/** Round 0 closes without this site; then the next one is open. */
async function passRound(): Promise<Offer> {
  const offer = bench.coordinator.offer();
  await conclude(bench.finish(offer, [otherReceipt(offer, 0)]));
  return bench.coordinator.offer();
}

describe('a site in asynchronous rounds', () => {
  it('holds the promise of a later round, and checks the leaf of its receipt there', async () => {
    const second = await passRound();
    await promised(1);
    const result = bench.finish(second, [otherReceipt(second, 0), receipt]);
    expect(result.inclusion?.weight).toBe(discounted(172n, 1));
    const model = result.header.header.modelAfter;
    expect(await conclude(result)).toEqual({ model });
    expect(await conclude(result)).toEqual({ model });
    await bench.restart();
    expect(await conclude(result)).toEqual({ model });
    expect(await bench.evidence()).toEqual([]);
    expect(await bench.kinds()).toEqual([
      'task',
      'receipt',
      'header',
      'promise',
      'header',
      'inclusion',
    ]);
    const log = await readNodeLog(bench.log.path);
    expect(log.promises.map(({ round }) => round)).toEqual([1]);
    expect(log.receipts.map(({ round }) => round)).toEqual([0]);
    expect(log.inclusions).toMatchObject([{ round: 1, weight: discounted(172n, 1) }]);
  });

  it('finds its receipt by the proof when the promise was lost', async () => {
    const second = await passRound();
    const result = bench.finish(second, [otherReceipt(second, 0), receipt]);
    expect(await conclude(result)).toEqual({ model: result.header.header.modelAfter });
    expect((await bench.kinds()).at(-1)).toBe('inclusion');
  });

  it('finds it among several', async () => {
    const second = await passRound();
    await bench.update(second);
    await conclude(bench.finish(second, [otherReceipt(second, 0)]));
    const third = bench.coordinator.offer();
    const result = bench.finish(third, [otherReceipt(third, 0), receipt]); // not its newest
    expect(await conclude(result)).toEqual({ model: result.header.header.modelAfter });
    expect((await bench.kinds()).at(-1)).toBe('inclusion');
    expect(await bench.evidence()).toEqual([]);
  });

  it('refuses the promise of an earlier round, and of one too far away', async () => {
    await bench.update(await passRound());
    for (const round of [3, 9]) {
      await expect(promised(round)).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    }
    const early = bench.coordinator.promise(receipt, 0);
    await expect(bench.agent.promised(bench.coordinator.run, 1, early)).rejects.toMatchObject({
      code: 'PROTO_UNEXPECTED',
    });
  });

  it('keeps evidence of a promise that was broken in its round, not before', async () => {
    const second = await passRound();
    await promised(2);
    expect(await conclude(bench.finish(second, [otherReceipt(second, 0)]))).toHaveProperty('model');
    const third = bench.coordinator.offer();
    const others = [otherReceipt(third, 0)];
    bench.source.leavesHeld = others.map((wire) => leafIn(2, wire));
    expect(await conclude(bench.finish(third, others))).toMatchObject({
      code: 'ROUND_PROMISE_BROKEN',
    });
    expect(await bench.evidence()).toMatchObject([{ round: 2, code: 'ROUND_PROMISE_BROKEN' }]);
  });

  it('keeps evidence of a weight that is not by the table', async () => {
    const second = await passRound();
    await promised(1);
    const whole = leafOf(receipt);
    const bent = bench.coordinator.close(second, [receipt], { node: whole.node });
    const good = bench.finish(second, [receipt]);
    if (good.inclusion === undefined || bent.inclusion === undefined) throw new Error('no proof');
    const inclusion = { ...good.inclusion, weight: whole.weight };
    expect(await conclude({ ...good, inclusion })).toMatchObject({
      code: 'ROUND_INCLUSION_INVALID',
    });
    expect(whole.weight).not.toBe(bent.inclusion.weight);
  });

  it('takes the task of another round for none: the weight is then left to the audit', async () => {
    const second = await passRound();
    await promised(1);
    const result = bench.finish(second, [receipt]);
    const shown = { ...result, task: first.task };
    expect(await conclude(shown)).toEqual({ model: result.header.header.modelAfter });
  });

  it('works on a task whose round has closed while it may count, and signs one receipt for each', async () => {
    const second = await passRound();
    const third = await passRound();
    expect(third.task.task.round).toBe(2);
    const late = await bench.update(second); // it waited behind another run's task
    expect(late.round).toBe(1);
    expect(await bench.update(second)).toEqual(late);
    expect((await bench.update(first)).receipt).toBe(receipt);
    expect((await bench.update(third)).round).toBe(2);
  });

  it('does not begin a task that is too old to count', async () => {
    const second = await passRound();
    for (let round = 1; round <= 3; round++) await passRound();
    await expect(bench.agent.answer(second, bench.signal)).rejects.toMatchObject({
      code: 'ROUND_CLOSED',
    });
  });

  it('tells which work has no use any more', async () => {
    const header = (round: number, mode: number): Header =>
      ({ run: bench.coordinator.run, round, mode, model: '' as Hash }) as unknown as Header; // nothing else is read
    expect(bench.agent.lastOver(header(5, 0))).toBe(5);
    expect(bench.agent.lastOver(header(5, 2))).toBe(3);
    await bench.restart(); // the spec is not at hand
    expect(bench.agent.lastOver(header(5, 2))).toBe(-59);
  });
});
