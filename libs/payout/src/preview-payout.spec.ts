import { asAccountId, asHash, asNodeId, asRunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addPayments,
  type Earner,
  entitleClaim,
  entitleRoot,
  epochBudget,
  epochDue,
  payEpoch,
  previewPayout,
  settleEpoch,
  sumWeights,
  verifyEntitlement,
} from './index.js';

const account = (i: number) => asAccountId(i.toString(16).padStart(64, '0'));
const EARNERS: readonly Earner[] = [303n, 261n, 46n, 130n].map((share, i) => ({
  node: asNodeId(i),
  account: account(9 - i),
  share,
}));
const PLAN = {
  pot: 1_000_000n,
  rounds: 13,
  policy: 'weight',
  epochRounds: 5,
  capPpm: 1_000_000,
  earners: EARNERS,
} as const;

describe('previewPayout', () => {
  it('plays the whole run: two full epochs, a shorter one, the rest goes back', () => {
    const preview = previewPayout(PLAN);
    expect(preview.epochBudget).toBe(333_333n);
    expect(preview.epochs).toEqual([
      { rounds: 5, units: 333_333n },
      { rounds: 5, units: 333_333n },
      { rounds: 3, units: 199_999n },
    ]);
    expect(preview.refund).toBe(133_335n);
    const total = preview.entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n);
    expect(total + preview.refund).toBe(PLAN.pot);
    expect(preview.entitlements.map((leaf) => leaf.account)).toEqual([6, 7, 8, 9].map(account));
  });

  it('conserves every pot', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 96n }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (pot, rounds, epochRounds) => {
          const { entitlements, refund } = previewPayout({ ...PLAN, pot, rounds, epochRounds });
          const total = entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n);
          expect(refund >= 0n && total + refund === pot).toBe(true);
        },
      ),
    );
  });

  it('gives everything back when nobody is expected', () => {
    const preview = previewPayout({ ...PLAN, earners: [] });
    expect(preview).toMatchObject({ refund: PLAN.pot, entitlements: [] });
  });
});

describe('epochDue', () => {
  it('is the budget of a full epoch, its part in a shorter one, and never more than is left', () => {
    const terms = { epochBudget: epochBudget(100n, 10, 5), epochRounds: 5 };
    expect(terms.epochBudget).toBe(50n);
    expect([5, 3, 1].map((rounds) => epochDue(terms, rounds, 100n))).toEqual([50n, 30n, 10n]);
    expect(epochDue(terms, 5, 49n)).toBe(49n);
  });
});

describe('entitlements', () => {
  const pay = (budget: bigint) => payEpoch(EARNERS, { policy: 'weight', capPpm: 400_000, budget });

  it('never decrease, and name nobody who has nothing', () => {
    const first = addPayments([], pay(100n));
    const second = addPayments(first, [...pay(0n), { account: account(1), units: 0n }]);
    expect(second).toEqual(first);
    expect(() => addPayments(first, [{ account: account(9), units: -1n }])).toThrow('-1');
  });

  it('are proved by their epoch alone', () => {
    const before = addPayments([], pay(100n));
    const root = entitleRoot(sha256, addPayments(before, pay(77n)));
    const claim = entitleClaim(sha256, before, account(9));
    const later = entitleClaim(sha256, addPayments(before, pay(77n)), account(9));
    if (claim === undefined || later === undefined) throw new Error('account 9 was paid');
    expect(verifyEntitlement(sha256, entitleRoot(sha256, before), claim)).toBe(true);
    expect(verifyEntitlement(sha256, root, later)).toBe(true);
    expect(verifyEntitlement(sha256, root, claim)).toBe(false);
    const more = { ...later, leaf: { ...later.leaf, cumulative: later.leaf.cumulative + 1n } };
    expect(verifyEntitlement(sha256, root, more)).toBe(false);
    expect(verifyEntitlement(sha256, { ...root, total: root.total + 1n }, later)).toBe(false);
    expect(entitleClaim(sha256, before, account(1))).toBeUndefined();
  });

  it('make the record of an epoch', () => {
    const zeros = asHash('0'.repeat(64));
    const head = {
      chain: zeros,
      run: asRunId(1),
      epoch: 0,
      prev: zeros,
      firstRound: 0,
      lastRound: 6,
      lastHeader: asHash('1'.repeat(64)),
    };
    const { record, entitlements } = settleEpoch(sha256, head, { before: [], payments: pay(100n) });
    expect(record).toEqual({ ...head, ...entitleRoot(sha256, entitlements) });
    expect(record.total).toBe(100n);
  });
});

describe('sumWeights', () => {
  it('adds a node up over rounds', () => {
    const leaf = (node: number, weight: bigint) => ({
      node: asNodeId(node),
      keyEpoch: 0,
      receipt: asHash('0'.repeat(64)),
      update: asHash('0'.repeat(64)),
      numExamples: weight,
      weight,
    });
    expect([...sumWeights([leaf(2, 3n), leaf(0, 1n), leaf(2, 4n)])]).toEqual([
      [2, 7n],
      [0, 1n],
    ]);
  });
});
