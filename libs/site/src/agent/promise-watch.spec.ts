import { TallyError, ZERO_HASH } from '@tallystick/kernel';
import { decodeSigned, PROMISE } from '@tallystick/record';
import type { Offer } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filingOf } from '../evidence/filing.js';
import { SiteBench } from '../testing/index.js';
import type { AnchoredHeader } from './anchor-watch.js';

const GRACE_MS = 30_000;

let bench: SiteBench;
let chain: Map<number, AnchoredHeader>;
let offer: Offer;
let receipt: string;
/** From now until the promise is overdue. */
let leftMs: number;
beforeEach(async () => {
  bench = await SiteBench.start();
  chain = await bench.joinChain();
  offer = bench.coordinator.offer();
  receipt = (await bench.update(offer)).receipt;
  const promise = bench.coordinator.promise(receipt);
  const { dueMs } = decodeSigned(PROMISE, promise).value;
  leftMs = Number(dueMs) + GRACE_MS - bench.clock.nowMs();
  await bench.agent.promised(bench.coordinator.run, 0, promise);
});
afterEach(async () => {
  await bench.agent.close();
  await bench.close();
});

describe('a promise past due', () => {
  it('of a round that the chain does not hold: the run can be halted', async () => {
    await bench.clock.advance(Math.max(0, leftMs - 1));
    expect(bench.kept).toEqual([]);
    await bench.clock.advance(1);
    await bench.agent.close();
    const [file] = bench.kept;
    expect(file).toMatchObject({ kind: 'overdue', code: 'ROUND_PROMISE_BROKEN', round: 0 });
    const filing = file && filingOf(file);
    const { promise = '' } = file?.records ?? {};
    expect(filing).toEqual({ call: 'halt', run: 0, bytes: `01${promise}`, isProved: true });
  });

  it('of a round that the chain holds: the update is demanded there', async () => {
    chain.set(0, { header: ZERO_HASH, status: 'committed' });
    await bench.clock.advance(Math.max(1, leftMs));
    await bench.agent.close();
    const [file] = bench.kept;
    expect(file?.anchored).toBe(ZERO_HASH);
    const filing = file && filingOf(file);
    expect(filing).toMatchObject({ call: 'demand', run: 0, round: 0, isProved: true });
    expect(filing?.bytes).toBe(`01${file?.records.promise}`);
  });

  it('is no fault once the round was shown, or does not count', async () => {
    const result = bench.finish(offer, [receipt]);
    await bench.agent.concluded(result, bench.signal);
    await bench.clock.advance(Math.max(1, leftMs));
    await bench.agent.close();
    expect(bench.kept).toEqual([]);
  });

  it('is no fault in a void round', async () => {
    chain.set(0, { header: ZERO_HASH, status: 'void' });
    await bench.clock.advance(Math.max(1, leftMs));
    await bench.agent.close();
    expect(bench.kept).toEqual([]);
  });

  it('is looked at again while the chain is away, and not for ever', async () => {
    const away = new TallyError('LEDGER_UNREACHABLE', { url: 'ws://x', reason: 'away' });
    let looks = 0;
    chain.get = () => {
      looks++;
      throw away;
    };
    await bench.clock.advance(Math.max(1, leftMs));
    expect(looks).toBe(1);
    await bench.clock.advance(3_600_000);
    expect(looks).toBe(5);
    expect(bench.kept).toEqual([]);
  });

  it('is watched no more by an agent that was closed', async () => {
    await bench.agent.close();
    expect(bench.clock.pending).toBe(0);
  });
});
