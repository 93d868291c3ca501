import type { CommitOutcome } from '@tallystick/chain';
import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredCommit } from '../persistence/outbox-rows.js';
import { TransactionInFlight } from './transaction-in-flight.js';

let clock: VirtualClock;
let outcome: CommitOutcome;
let sent: string[];
let isAway: boolean;
beforeEach(() => {
  clock = new VirtualClock();
  outcome = { kind: 'waiting' };
  sent = [];
  isAway = false;
});

const commit = (name: string): StoredCommit => ({
  ...{ nonce: 1, lastBlock: 64, bytes: name },
  hash: name.padEnd(64, '0') as Hash,
});
const A = commit('a');
const B = commit('b');

function flight(): TransactionInFlight {
  const submitCommit = ({ bytes }: { readonly bytes: string }): Promise<void> => {
    if (isAway)
      return Promise.reject(new TallyError('LEDGER_UNREACHABLE', { url: '', reason: '' }));
    sent.push(bytes);
    return Promise.resolve();
  };
  return new TransactionInFlight(
    { submitCommit, commitOutcome: () => Promise.resolve(outcome) },
    clock,
  );
}

const overdue = (isOverdue: boolean) => ({ kind: 'waiting', isOverdue });
const silent = { kind: 'lost', why: 'silent' };

describe('TransactionInFlight', () => {
  it('is overdue 2 s after it was sent, again and again', async () => {
    const one = flight();
    await one.send(A);
    await clock.advance(1_999);
    expect(await one.look(A)).toEqual(overdue(false));
    await clock.advance(1);
    expect(await one.look(A)).toEqual(overdue(true));
    await one.send(A);
    expect(await one.look(A)).toEqual(overdue(false));
    await clock.advance(2_000);
    expect(await one.look(A)).toEqual(overdue(true));
    expect(sent).toEqual(['a', 'a']);
  });

  it('is overdue at once when a process before this one sent it', async () => {
    expect(await flight().look(A)).toEqual(overdue(true));
  });

  it('is silent two minutes after this process first sent it, however often it is sent again', async () => {
    const one = flight();
    await one.send(A);
    for (let i = 0; i < 60; i++) {
      await clock.advance(2_000);
      expect(await one.look(A)).toEqual(overdue(true));
      await one.send(A);
    }
    await clock.advance(1);
    expect(await one.look(A)).toEqual(silent);
  });

  it('is silent two minutes after this process first saw it, not after another sent it', async () => {
    await clock.advance(3_600_000);
    const one = flight();
    expect(await one.look(A)).toEqual(overdue(true));
    await clock.advance(120_000);
    expect(await one.look(A)).toEqual(overdue(true));
    await clock.advance(1);
    expect(await one.look(A)).toEqual(silent);
  });

  it('starts both clocks anew with another transaction', async () => {
    const one = flight();
    await one.send(A);
    await clock.advance(120_001);
    expect(await one.look(A)).toEqual(silent);
    await one.send(B);
    expect(await one.look(B)).toEqual(overdue(false));
    await clock.advance(120_000);
    expect(await one.look(B)).toEqual(overdue(true));
  });

  it('counts from a send that did not arrive', async () => {
    const one = flight();
    isAway = true;
    await expect(one.send(A)).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    await clock.advance(120_001);
    isAway = false;
    expect(await one.look(A)).toEqual(silent);
  });

  it('says what finalised blocks say, however late', async () => {
    const one = flight();
    await one.send(A);
    await clock.advance(600_000);
    const block = { number: 7, hash: ZERO_HASH };
    for (outcome of [
      { kind: 'final', block },
      { kind: 'refused', block, reason: 'tally.NotNext' },
    ] satisfies CommitOutcome[]) {
      expect(await one.look(A)).toEqual(outcome);
    }
    outcome = { kind: 'expired' };
    expect(await one.look(A)).toEqual({ kind: 'lost', why: 'expired' });
  });
});
