import { asAccountId, asNodeId } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion, apportionCapped, capOf, type Earner, payEpoch } from './index.js';

const amount = fc.bigInt({ min: 0n, max: 2n ** 96n });
const shares = fc
  .array(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 1n, 2n)), {
    minLength: 1,
    maxLength: 40,
  })
  .filter((all) => all.some((share) => share > 0n));
const sum = (all: readonly bigint[]): bigint => all.reduce((total, one) => total + one, 0n);
const account = (i: number) => asAccountId(i.toString(16).padStart(64, '0'));

describe('apportion', () => {
  it('gives everybody the floor of the exact part or one more, and the budget to the unit', () => {
    fc.assert(
      fc.property(amount, shares, (budget, all) => {
        const parts = apportion(budget, all);
        expect(sum(parts)).toBe(budget);
        for (const [i, units] of parts.entries()) {
          const floor = (budget * (all[i] ?? 0n)) / sum(all);
          expect(units === floor || (units === floor + 1n && all[i] !== 0n)).toBe(true);
        }
      }),
    );
  });

  it('does not pay a smaller share more', () => {
    fc.assert(
      fc.property(amount, shares, (budget, all) => {
        const parts = apportion(budget, all);
        const inOrder = [...all.keys()].toSorted((a, b) =>
          all[a] === all[b] ? b - a : Number((all[a] ?? 0n) > (all[b] ?? 0n)) * 2 - 1,
        );
        const units = inOrder.map((i) => parts[i] ?? 0n);
        expect(units.every((one, i) => i === 0 || (units[i - 1] ?? 0n) <= one)).toBe(true);
      }),
    );
  });

  it.each([
    [-1n, [1n], 'never negative'],
    [1n, [2n, -1n], 'never negative'],
    [1n, [0n, 0n], 'no share is above 0'],
    [0n, [], 'no share is above 0'],
  ])('refuses %s over %s', (budget, all, message) => {
    expect(() => apportion(budget, all)).toThrow(message);
    expect(() => apportionCapped(budget, all, 10n)).toThrow(message);
  });
});

describe('apportionCapped', () => {
  it('pays nobody above the cap, the others in proportion, and the budget to the unit', () => {
    fc.assert(
      fc.property(amount, shares, fc.integer({ min: 1, max: 1_000_000 }), (budget, all, capPpm) => {
        const cap = capOf({ budget, capPpm }, all.filter((share) => share > 0n).length);
        const parts = apportionCapped(budget, all, cap);
        expect(sum(parts)).toBe(budget);
        expect(parts.every((units) => units <= cap)).toBe(true);
        const below = [...all.keys()].filter((i) => (parts[i] ?? 0n) < cap);
        const rest = sum(below.map((i) => parts[i] ?? 0n));
        const among = sum(below.map((i) => all[i] ?? 0n));
        for (const i of below) {
          const gap = (parts[i] ?? 0n) * among - rest * (all[i] ?? 0n);
          expect(gap <= among && -gap <= among).toBe(true);
        }
      }),
    );
  });

  it('refuses caps that cannot hold the budget', () => {
    expect(() => apportionCapped(10n, [1n, 1n], 4n)).toThrow('caps of 4 cannot hold 10');
  });

  it('is the plain split when the cap is the budget', () => {
    fc.assert(
      fc.property(amount, shares, (budget, all) => {
        expect(apportionCapped(budget, all, budget)).toEqual(apportion(budget, all));
      }),
    );
  });
});

describe('payEpoch', () => {
  const earner = fc.record({
    node: fc.integer({ min: 0, max: 0xffff_ffff }).map(asNodeId),
    account: fc.integer({ min: 0, max: 5 }).map(account),
    share: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 22n })),
  });
  const earners = fc.uniqueArray(earner, { selector: ({ node }) => node, maxLength: 30 });
  const terms = fc.record({
    policy: fc.constantFrom('weight' as const, 'equal' as const, 'contribution' as const),
    capPpm: fc.integer({ min: 1, max: 1_000_000 }),
    budget: amount,
  });

  it('pays the budget to the unit whenever anybody contributed, and nobody else', () => {
    fc.assert(
      fc.property(earners, terms, (all, pay) => {
        const payments = payEpoch(all, pay);
        const earned = new Set(all.filter(({ share }) => share > 0n).map((one) => one.account));
        expect(new Set(payments.map((one) => one.account))).toEqual(earned);
        expect(payments).toHaveLength(earned.size);
        expect(sum(payments.map(({ units }) => units))).toBe(earned.size === 0 ? 0n : pay.budget);
      }),
    );
  });

  it('does not see the order in which the nodes are told', () => {
    fc.assert(
      fc.property(earners, terms, (all, pay) => {
        expect(payEpoch(all.toReversed(), pay)).toEqual(payEpoch(all, pay));
      }),
    );
  });

  it('pays an organisation the same for one node or for the same weight in several', () => {
    const one: Earner[] = [
      { node: asNodeId(0), account: account(1), share: 60n },
      { node: asNodeId(9), account: account(2), share: 40n },
    ];
    const several: Earner[] = [
      { node: asNodeId(0), account: account(1), share: 10n },
      { node: asNodeId(1), account: account(1), share: 50n },
      { node: asNodeId(9), account: account(2), share: 40n },
    ];
    const pay = { policy: 'weight', capPpm: 1_000_000, budget: 101n } as const;
    expect(payEpoch(several, pay)).toEqual(payEpoch(one, pay));
  });

  it('refuses a negative share', () => {
    const all = [{ node: asNodeId(3), account: account(1), share: -1n }];
    expect(() => payEpoch(all, { policy: 'equal', capPpm: 1, budget: 1n })).toThrow(
      'node 3 has a negative share',
    );
  });
});
