import type { Hash, NodeId, RunId, Signature } from '@tallystick/kernel';
import { ZERO_HASH } from '@tallystick/kernel';
import type { Header, Receipt } from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import type { ContributionRow, OpenRound, RoundJournal } from '../ports/index.js';
import type { VoidSpan } from '../void-span.js';

const RUN = 3 as RunId;
const METRICS = '{"lossBefore":700000000}';
const hash = (digit: string): Hash => digit.repeat(64) as Hash;
const SIGNATURE = 'ab'.repeat(64) as Signature;

function openOf(round: number): OpenRound {
  const cohort = [1, 2].map((node) => ({
    member: { node: node as NodeId, keyEpoch: 0, cap: 2n ** 60n },
    key: hash('c') as string as OpenRound['cohort'][number]['key'],
  }));
  const task: OpenRound['task'] = {
    chain: hash('1'),
    run: RUN,
    round,
    prev: hash('2'),
    spec: hash('3'),
    model: hash('4'),
    state: ZERO_HASH,
    atBlock: 7,
    atHash: hash('5'),
    cohortRoot: hash('6'),
    cohort: 2,
    unit: 1n,
    deadlineMs: 1_700_000_060_000n,
  };
  return { run: RUN, round, task, cohort };
}

function rowOf(node: number, round: number): ContributionRow {
  const receipt: Receipt = {
    chain: hash('1'),
    run: RUN,
    round,
    prev: hash('2'),
    task: hash('7'),
    node: node as NodeId,
    keyEpoch: 0,
    update: hash('8'),
    updateBytes: 120n,
    numExamples: 2n ** 63n,
    lossBefore: -(2n ** 63n),
    lossAfter: -5n,
    policy: ZERO_HASH,
    salt: '0f'.repeat(16),
  };
  const promise = {
    chain: hash('1'),
    run: RUN,
    round,
    node: receipt.node,
    receipt: hash('9'),
    dueMs: 9n,
  };
  return { node: receipt.node, receipt, receiptSignature: SIGNATURE, weight: 3n, promise };
}

function headerOf(round: number, included: number): Header {
  return {
    chain: hash('1'),
    mode: 0,
    run: RUN,
    round,
    prev: hash('2'),
    task: hash('7'),
    atBlock: 7,
    modelBefore: hash('4'),
    modelAfter: hash('a'),
    stateAfter: ZERO_HASH,
    contribRoot: hash('b'),
    included,
    sumWeight: BigInt(3 * included),
    excludedRoot: ZERO_HASH,
    excluded: 2 - included,
    cohort: 2,
    metrics: hash('d'),
    deadlineMs: 1_700_000_060_000n,
    closedAtMs: 1_700_000_050_000n,
  };
}

const closeOf = (round: number, included: number): Parameters<RoundJournal['close']>[0] => ({
  run: RUN,
  round,
  header: headerOf(round, included),
  headerHash: hash('e'),
  exclusions: [{ node: 2 as NodeId, receipt: ZERO_HASH, reason: 1 }],
  metrics: METRICS,
});

/**
 * What every RoundJournal promises. `make` gives an empty journal that knows run 3 (an SQL adapter inserts the run
 * row); `reopen` gives a second adapter over the same storage, as after a crash.
 */
export function journalContract(
  name: string,
  make: () => Promise<{
    journal: RoundJournal;
    reopen: () => RoundJournal;
    /** The chain has voided these numbers of run 3. */
    voided: (...spans: readonly VoidSpan[]) => void | Promise<void>;
  }>,
): void {
  describe(`RoundJournal contract: ${name}`, () => {
    it('knows nothing of a run that never opened a round', async () => {
      const { journal } = await make();
      expect(await journal.load(RUN)).toEqual({
        voids: [],
        headers: [],
        metrics: [],
        last: [],
        recent: [],
      });
    });

    it('gives back an open round with every value as it was written', async () => {
      const { journal, reopen } = await make();
      await journal.open(openOf(0));
      await journal.append(RUN, 0, [rowOf(1, 0)]);
      await journal.decline(RUN, 0, { node: 2 as NodeId, reason: 4, wire: 'ff' });
      expect(await reopen().load(RUN)).toEqual({
        voids: [],
        headers: [],
        metrics: [],
        last: [],
        recent: [],
        open: {
          ...openOf(0),
          contributions: [rowOf(1, 0)],
          declines: [{ node: 2, reason: 4, wire: 'ff' }],
        },
      });
    });

    it('refuses a second contribution of one node, keeps the first, and takes none beside it', async () => {
      const { journal, reopen } = await make();
      await journal.open(openOf(0));
      await journal.append(RUN, 0, [rowOf(1, 0)]);
      const again = { ...rowOf(1, 0), weight: 9n };
      await expect(journal.append(RUN, 0, [rowOf(2, 0), again])).rejects.toMatchObject({
        code: 'ROUND_DUPLICATE',
      });
      expect((await reopen().load(RUN)).open?.contributions).toEqual([rowOf(1, 0)]);
    });

    it('closes a round for ever and remembers its contributions until the next close', async () => {
      const { journal, reopen } = await make();
      await journal.open(openOf(0));
      await journal.append(RUN, 0, [rowOf(1, 0)]);
      await journal.close(closeOf(0, 1));
      expect(await reopen().load(RUN)).toEqual({
        voids: [],
        headers: [headerOf(0, 1)],
        metrics: [METRICS],
        last: [rowOf(1, 0)],
        recent: [],
      });
      await expect(journal.append(RUN, 0, [rowOf(2, 0)])).rejects.toThrow();
      await expect(journal.close(closeOf(0, 1))).rejects.toThrow();
      await expect(journal.open(openOf(0))).rejects.toThrow();
    });

    it('gives the newest closed rounds whole, as many as are asked for, counted or not', async () => {
      const { journal, reopen } = await make();
      for (const round of [0, 1, 2]) {
        await journal.open(openOf(round));
        await journal.append(RUN, round, [rowOf(1, round)]);
        await journal.close(closeOf(round, round === 1 ? 0 : 1));
      }
      await journal.open(openOf(3));
      const past = (round: number) => ({ ...openOf(round), contributions: [rowOf(1, round)] });
      expect((await reopen().load(RUN, 2)).recent).toEqual([past(1), past(2)]);
      expect((await reopen().load(RUN, 9)).recent).toEqual([past(0), past(1), past(2)]);
      expect((await reopen().load(RUN)).recent).toEqual([]);
    });

    it('counts no contribution of an empty round', async () => {
      const { journal, reopen } = await make();
      await journal.open(openOf(0));
      await journal.append(RUN, 0, [rowOf(1, 0)]);
      await journal.close({ ...closeOf(0, 0), emptyReason: 'too few' });
      await journal.open(openOf(1));
      const state = await reopen().load(RUN);
      expect(state.headers).toEqual([headerOf(0, 0)]);
      expect(state.last).toEqual([]);
      expect(state.open?.round).toBe(1);
    });

    it('forgets what is void, takes nothing more for it, and goes on behind it', async () => {
      const { journal, reopen, voided } = await make();
      for (const round of [0, 1, 2]) {
        await journal.open(openOf(round));
        await journal.append(RUN, round, [rowOf(1, round)]);
        await journal.close(closeOf(round, 1));
      }
      await journal.open(openOf(3));
      const span = { from: 1, until: 1_027 };
      await voided(span);
      const state = await reopen().load(RUN, 9);
      expect(state).toMatchObject({
        voids: [span],
        headers: [headerOf(0, 1)],
        last: [rowOf(1, 0)],
      });
      expect(state.recent.map(({ round }) => round)).toEqual([0]);
      expect(state.open).toBeUndefined();
      const gone = { code: 'ROUND_VOID' };
      await expect(journal.append(RUN, 3, [rowOf(2, 3)])).rejects.toMatchObject(gone);
      await expect(journal.close(closeOf(3, 1))).rejects.toMatchObject(gone);
      await expect(journal.open(openOf(4))).rejects.toMatchObject(gone);
      await journal.open(openOf(1_027));
      await journal.append(RUN, 1_027, [rowOf(1, 1_027)]);
      await journal.close(closeOf(1_027, 1));
      await journal.open(openOf(1_028));
      const spans = [span, { from: 1_028, until: 2_053 }];
      await voided(...spans);
      const after = await reopen().load(RUN);
      expect(after.headers.map(({ round }) => round)).toEqual([0, 1_027]);
      expect(after).toMatchObject({ voids: spans, last: [rowOf(1, 1_027)] });
    });
  });
}
