import type { CommitOutcome, RoundLedger } from '@tallystick/chain';
import { asAccountId, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { settleEpoch } from '@tallystick/payout';
import { type Epoch, HEADER, recordHash } from '@tallystick/record';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import type { EpochOutbox, EpochRow } from '../persistence/epoch-rows.js';
import { Readiness } from '../readiness.js';
import { TestChainRun } from '../testing/test-chain-run.js';
import { EpochPublisher } from './epoch-publisher.js';

const BUDGET = 10n;
const TERMS = {
  pot: 100n,
  payout: { policy: 'weight' as const, epochRounds: 1, epochBudget: BUDGET, capPpm: 1_000_000 },
};

/** Rows of epochs in memory; what they hold is what would be durable. */
class FakeEpochs {
  readonly rows: EpochRow[] = [];
  readonly writes: string[] = [];

  outbox(): EpochOutbox {
    const change =
      (name: string, to: (row: EpochRow) => EpochRow) => (at: Pick<EpochRow, 'epoch'>) => {
        this.writes.push(name);
        const index = this.rows.findIndex(({ epoch }) => epoch === at.epoch);
        const row = this.rows[index];
        if (row !== undefined) this.rows[index] = to(row);
        return Promise.resolve();
      };
    return {
      add: () => Promise.resolve(),
      drop: () => Promise.resolve(),
      newest: () => Promise.resolve(this.rows.at(-1)),
      waiting: () => Promise.resolve(this.rows.filter(({ status }) => status !== 'final')),
      prepared: (at, commit) =>
        change('prepared', (row) => ({ ...row, commit, attempts: row.attempts + 1 }))(at),
      unprepared: change('unprepared', ({ commit: _, ...row }) => ({ ...row, status: 'pending' })),
      submitted: change('submitted', (row) => ({ ...row, status: 'submitted' })),
      final: change('final', (row) => ({ ...row, status: 'final' })),
    };
  }
}

describe('EpochPublisher', () => {
  let chain: TestChainRun;
  let epochs: FakeEpochs;
  let clock: VirtualClock;
  let readiness: Readiness;
  let record: Epoch;
  beforeEach(async () => {
    chain = await TestChainRun.open(TERMS);
    const header = chain.next();
    await chain.commitElsewhere(header);
    const head = {
      chain: header.chain,
      run: chain.run,
      ...{ epoch: 0, prev: ZERO_HASH, firstRound: 0, lastRound: 0 },
      lastHeader: recordHash(sha256, HEADER, header),
    };
    const account = asAccountId('0a'.repeat(32));
    const payments = [{ account, firstNode: 0 as never, share: 1n, units: BUDGET }];
    const settled = settleEpoch(sha256, head, { before: [], payments });
    ({ record } = settled);
    epochs = new FakeEpochs();
    const { entitlements } = settled;
    const row = { run: chain.run, epoch: 0, record, entitlements, status: 'pending', attempts: 0 };
    epochs.rows.push({ ...row, status: 'pending' });
    clock = new VirtualClock();
    readiness = new Readiness();
  });

  function publisher(changes: Partial<RoundLedger> = {}): EpochPublisher {
    const ledger = new Proxy<RoundLedger>(chain.ledger, {
      get: (target, name) => {
        const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { signer } = chain;
    const ports = { ledger, signer, sha256, clock, readiness, logger: new MemoryLogger() };
    return new EpochPublisher({ epochs: epochs.outbox(), crash: NO_CRASH, ...ports });
  }

  const onChain = async () => (await chain.ledger.chainRun(chain.run))?.epoch;

  it('makes the transaction durable, sends it, and ends when it is final', async () => {
    const publish = publisher();
    expect(await publish.step()).toBe(true);
    expect(epochs.writes).toEqual(['prepared', 'submitted']);
    await publish.step();
    expect(epochs.writes.at(-1)).toBe('final');
    expect(await onChain()).toBe(1);
    expect(await publish.step()).toBe(false);
  });

  it('sends what a process before it had made durable, and no second one', async () => {
    await publisher({ submitCommit: () => Promise.reject(new Error('killed')) })
      .step()
      .catch(() => undefined);
    const hash = epochs.rows[0]?.commit?.hash;
    const publish = publisher();
    await publish.step();
    expect(epochs.rows[0]).toMatchObject({ status: 'final', attempts: 1, commit: { hash } });
    expect(await onChain()).toBe(1);
  });

  it.each<['expired' | 'silent', CommitOutcome]>([
    ['expired', { kind: 'expired' }],
    ['silent', { kind: 'waiting' }],
  ])('signs again what the chain dropped: %s', async (_, outcome) => {
    const dropped = publisher({
      submitCommit: () => Promise.resolve(),
      commitOutcome: () => Promise.resolve(outcome),
    });
    await dropped.step();
    await clock.advance(120_001);
    await dropped.step();
    expect(epochs.writes.at(-1)).toBe('unprepared');
    const publish = publisher();
    await publish.step();
    await publish.step();
    expect(await onChain()).toBe(1);
  });

  const refusal: CommitOutcome = {
    kind: 'refused',
    block: { number: 1, hash: ZERO_HASH },
    reason: 'tally.RoundNotFinal',
  };

  it('takes an epoch that the chain holds already for final, and another one for a conflict', async () => {
    const publish = publisher();
    await publish.step();
    const other = { ...epochs.rows[0], status: 'submitted' } as EpochRow;
    epochs.rows[0] = other;
    const refused = publisher({ commitOutcome: () => Promise.resolve(refusal) });
    await refused.step();
    expect(epochs.writes.at(-1)).toBe('final');
    epochs.rows[0] = { ...other, record: { ...record, total: record.total + 1n } };
    await expect(refused.step()).rejects.toMatchObject({ code: 'LEDGER_EPOCH_CONFLICT' });
  });

  it('tries a refused one again after 15 s, and tells it after eight times', async () => {
    const refused = publisher({
      submitCommit: () => Promise.resolve(),
      commitOutcome: () => Promise.resolve(refusal),
    });
    for (let i = 0; i < 8; i++) {
      await refused.step();
      await refused.step();
      expect(await refused.step()).toBe(false);
      await clock.advance(15_000);
    }
    expect(await readiness.troubles()).toMatchObject({
      settlement: {
        code: 'LEDGER_REFUSED',
        message: expect.stringContaining('tally.RoundNotFinal'),
      },
    });
    const publish = publisher();
    await publish.step();
    await publish.step();
    expect(await readiness.troubles()).toEqual({});
  });
});
