import { TallyError } from '@tallystick/kernel';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Duty, type HeldElsewhere, Leader, type LeadLease } from './leader.js';
import { Readiness } from './readiness.js';

const TTL_MS = 3_000;

/** A lease that a test gives and takes. */
class FakeLease implements LeadLease {
  answer: () => Promise<boolean> = () => Promise.resolve(true);
  readonly calls: string[] = [];
  #grant: (epoch: number) => void = () => undefined;
  #onLook: (look: HeldElsewhere) => void = () => undefined;

  take(onLook: (look: HeldElsewhere) => void, signal: AbortSignal): Promise<number | undefined> {
    this.calls.push('take');
    this.#onLook = onLook;
    return new Promise((resolve) => {
      this.#grant = resolve;
      signal.addEventListener('abort', () => resolve(undefined));
    });
  }

  renew(): Promise<boolean> {
    return this.answer();
  }

  release(epoch: number): Promise<void> {
    this.calls.push(`release ${epoch}`);
    return Promise.resolve();
  }

  grant(epoch: number): void {
    this.#grant(epoch);
  }

  look(look: HeldElsewhere): void {
    this.#onLook(look);
  }
}

describe('Leader', () => {
  let clock: VirtualClock;
  let lease: FakeLease;
  let readiness: Readiness;
  let leader: Leader;
  let done: string[];
  let failure: Error | undefined;
  beforeEach(() => {
    clock = new VirtualClock();
    lease = new FakeLease();
    readiness = new Readiness();
    leader = new Leader({ lease, ttlMs: TTL_MS, readiness, clock, logger: new MemoryLogger() });
    done = [];
    failure = undefined;
  });

  const duty = (name: string): Duty => ({
    name,
    start: (epoch) => {
      if (failure !== undefined) return Promise.reject(failure);
      done.push(`${name} ${epoch}`);
      return Promise.resolve();
    },
    stop: () => Promise.resolve(void done.push(`no ${name}`)),
  });
  const DUTIES = [duty('ledger'), duty('runs')];

  async function leading(): Promise<void> {
    const started = leader.start(DUTIES);
    lease.grant(1);
    await clock.advance(1);
    await started;
  }

  it('takes its duties up in order, and lets go of them in reverse when it stops', async () => {
    await leading();
    expect([leader.leads, leader.epoch, done]).toEqual([true, 1, ['ledger 1', 'runs 1']]);
    expect(await readiness.troubles()).toEqual({});
    await leader.stop();
    expect(done.slice(2)).toEqual(['no runs', 'no ledger']);
    expect(lease.calls).toEqual(['take', 'release 1']);
    expect(clock.pending).toBe(0);
  });

  it('stands by while another one holds the lease, and names it', async () => {
    const started = leader.start(DUTIES);
    lease.look({ holder: 'http://a', remainingMs: TTL_MS });
    await clock.advance(500);
    await started;
    expect(leader.leads).toBe(false);
    expect(() => leader.epoch).toThrow('http://a leads');
    expect((await leader.refusal())?.message).toContain('http://a leads');
    expect(await readiness.troubles()).toMatchObject({
      lead: { code: 'NET_STANDBY', message: expect.stringContaining('http://a') },
    });
    lease.grant(2);
    await clock.advance(1);
    expect([leader.leads, await leader.refusal(), done[0]]).toEqual([true, undefined, 'ledger 2']);
    await leader.stop();
  });

  it('keeps whoever asks waiting while the renewal of the leader is overdue', async () => {
    const started = leader.start(DUTIES);
    await clock.advance(500);
    await started;
    lease.look({ holder: 'http://a', remainingMs: TTL_MS / 3 });
    const asked = leader.refusal();
    await clock.advance(TTL_MS / 3);
    lease.grant(2);
    await clock.advance(100);
    expect(await asked).toBeUndefined();
    await leader.stop();
  });

  it('lets go at once when the lease was taken over, and stands by again', async () => {
    await leading();
    lease.answer = () => Promise.resolve(false);
    await clock.advance(TTL_MS / 3);
    expect(leader.leads).toBe(false);
    expect(done.slice(2)).toEqual(['no runs', 'no ledger']);
    expect(lease.calls).toEqual(['take', 'release 1', 'take']);
    lease.answer = () => Promise.resolve(true);
    lease.grant(3);
    await clock.advance(1);
    expect(done.slice(4)).toEqual(['ledger 3', 'runs 3']);
    await leader.stop();
  });

  it('looks at once when a write was refused', async () => {
    await leading();
    lease.answer = () => Promise.resolve(false);
    leader.doubt();
    await clock.advance(1);
    expect(leader.leads).toBe(false);
    await leader.stop();
  });

  it('leads on through an outage of the database that is shorter than its lease, and no longer', async () => {
    await leading();
    lease.answer = () => Promise.reject(new Error('away'));
    await clock.advance(TTL_MS - 2);
    expect(leader.leads).toBe(true);
    await clock.advance(TTL_MS / 3);
    expect(leader.leads).toBe(false);
    await leader.stop();
  });

  it('does not start when it cannot take its duties up in the first term', async () => {
    failure = new TallyError('LEDGER_CONFLICT', { run: 1, round: 2, chain: 'a', here: 'b' });
    const started = leader.start(DUTIES);
    const outcome = expect(started).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
    lease.grant(1);
    await clock.advance(1);
    await outcome;
    expect(lease.calls).toEqual(['take', 'release 1']);
  });

  it('gives way for a while when it cannot take them up in a later one', async () => {
    const started = leader.start(DUTIES);
    await clock.advance(500);
    await started;
    failure = new Error('away');
    lease.grant(2);
    await clock.advance(1);
    expect([leader.leads, lease.calls]).toEqual([false, ['take', 'release 2']]);
    await clock.advance(5_000);
    expect(lease.calls).toEqual(['take', 'release 2', 'take']);
    await leader.stop();
  });

  it('renews nothing that it gave up because of its duties', async () => {
    const started = leader.start(DUTIES);
    await clock.advance(500);
    await started;
    failure = new Error('away');
    const renewed: boolean[] = [];
    lease.answer = () => Promise.resolve(renewed.push(true) > 0);
    lease.grant(2);
    await clock.advance(10 * TTL_MS);
    expect(renewed).toEqual([]);
    await leader.stop();
  });

  it('stands by, and does not end, when its term is over before it has its duties', async () => {
    failure = new TallyError('ROUND_FENCED', { lease: 'ledger' });
    lease.answer = () => Promise.resolve(false);
    const started = leader.start(DUTIES);
    lease.grant(1);
    await clock.advance(1);
    await started;
    expect([leader.leads, lease.calls]).toEqual([false, ['take', 'release 1', 'take']]);
    await leader.stop();
  });
});
