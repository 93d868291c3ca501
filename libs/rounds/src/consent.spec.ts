import type { Hash, NodeId } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { describe, expect, it } from 'vitest';
import { type Consent, hasConsented } from './consent.js';
import { ConsentWatch } from './consent-watch.js';
import { FakeLedger } from './testing/fake-federation.js';

const NODE = 3 as NodeId;
const GIVEN: Consent = {
  fromRound: 2,
  untilRound: 5,
  untilMs: 1_000n,
  purposes: [7, 42],
  policy: 'ab'.repeat(32) as Hash,
  fromBlock: 10,
};
const RULE = { purpose: 'DUO:0000007', consent: 'required' as const };

describe('hasConsented', () => {
  const asked = (
    given: Consent | undefined,
    at: { round?: number; atBlock?: number; atMs?: bigint; consent?: 'implied'; purpose?: string },
  ): boolean => {
    const { round = 3, atBlock = 10, atMs = 0n } = at;
    const byNode = new Map(given === undefined ? [] : [[NODE, given]]);
    const rule = { ...RULE, ...at };
    return hasConsented(rule, { atBlock, atMs, byNode }, { node: NODE, round });
  };

  it.each([
    ['first round', { round: 2 }, true],
    ['last round', { round: 5 }, true],
    ['a round before', { round: 1 }, false],
    ['a round after', { round: 6 }, false],
    ['the block that gave it', { atBlock: 10 }, true],
    ['the block before', { atBlock: 9 }, false],
    ['its last millisecond', { atMs: 1_000n }, true],
    ['a millisecond later', { atMs: 1_001n }, false],
    ['another purpose that it names', { purpose: 'DUO:0000042' }, true],
    ['a purpose that it does not name', { purpose: 'DUO:0000006' }, false],
  ])('%s', (_, at, expected) => {
    expect(asked(GIVEN, at)).toBe(expected);
  });

  it('counts from its block on when it was taken back, and in no run after that', () => {
    const revoked = { ...GIVEN, revokedAtBlock: 12 };
    expect(asked(revoked, { atBlock: 11 })).toBe(true);
    expect(asked(revoked, { atBlock: 12 })).toBe(false);
    expect(asked({ ...revoked, revokedAtBlock: 12 }, { atBlock: 13, consent: 'implied' })).toBe(
      false,
    );
  });

  it('is needed only where the run requires it', () => {
    expect(asked(undefined, {})).toBe(false);
    expect(asked(undefined, { consent: 'implied' })).toBe(true);
  });
});

describe('ConsentWatch', () => {
  it('sees a withdrawal within 250 ms, and trusts its last look while the chain is away', async () => {
    const [ledger, clock] = [new FakeLedger(), new VirtualClock()];
    const plan = {
      run: 0,
      spec: { ...RULE, consent: undefined },
    } as unknown as ConstructorParameters<typeof ConsentWatch>[0];
    const watch = new ConsentWatch(plan, { ledger, clock });
    const open = { round: 3, task: { deadlineMs: 100n } } as Parameters<
      ConsentWatch['isWithdrawn']
    >[1];
    expect(await watch.isWithdrawn(NODE, open)).toBe(false);
    ledger.given.set(NODE, { ...GIVEN, untilMs: 10n ** 12n, fromBlock: 0, revokedAtBlock: 1 });
    await clock.advance(250);
    expect(await watch.isWithdrawn(NODE, open)).toBe(true);
    ledger.down = true;
    await clock.advance(250);
    expect(await watch.isWithdrawn(NODE, open)).toBe(true);
  });

  it('promises on no consent that ends before the round may close', async () => {
    const [ledger, clock] = [new FakeLedger(), new VirtualClock()];
    const plan = { run: 0, spec: RULE } as unknown as ConstructorParameters<typeof ConsentWatch>[0];
    const watch = new ConsentWatch(plan, { ledger, clock });
    ledger.given.set(NODE, { ...GIVEN, fromBlock: 0, untilMs: 60_100n });
    const at = (deadlineMs: bigint) =>
      ({ round: 3, task: { deadlineMs } }) as Parameters<ConsentWatch['isWithdrawn']>[1];
    expect(await watch.isWithdrawn(NODE, at(100n))).toBe(false);
    expect(await watch.isWithdrawn(NODE, at(101n))).toBe(true);
  });
});
