import { littleEndian } from '@tallystick/chain/testing';
import {
  type AccountId,
  asAccountId,
  asHash,
  asNodeId,
  asRunId,
  concatBytes,
  fromHex,
  toHex,
  ZERO_HASH,
} from '@tallystick/kernel';
import type { Contrib, Entitle } from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import { Mismatch } from '../findings.js';
import type { PaidRound, PaidRun } from '../rewards/rewards-of.js';
import { keyOf } from '../state/read-state.js';
import { checkEntitlements } from './v10-payouts.js';

const RUN = asRunId(3);
const TERMS = { policy: 'weight', epochRounds: 2, capPpm: 1_000_000 } as const;
const account = (organisation: number): AccountId =>
  asAccountId((organisation + 10).toString(16).padStart(64, '0'));

/** Two organisations: nodes 0 and 1 are of the first, node 2 is of the second. */
const STATE = new Map<string, Uint8Array>([
  ...[0, 0, 1].map((organisation, node): [string, Uint8Array] => [
    toHex(keyOf('Tally', 'Nodes', node)),
    concatBytes(
      littleEndian(organisation, 4),
      new Uint8Array(32 + 4),
      Uint8Array.of(1),
      new Uint8Array(4),
    ),
  ]),
  ...[0, 1].map((organisation): [string, Uint8Array] => [
    toHex(keyOf('Tally', 'Organisations', organisation)),
    concatBytes(fromHex(account(organisation)), Uint8Array.of(1), new Uint8Array(4)),
  ]),
  ...[0, 1].map((epoch): [string, Uint8Array] => [
    toHex(keyOf('Tally', 'Epochs', RUN, epoch)),
    concatBytes(
      new Uint8Array(32 + 32 + 4 + 16),
      littleEndian(2 * epoch, 4),
      littleEndian(2 * epoch + 1, 4),
      new Uint8Array(12 + 8 + 32 + 16 + 1 + 1),
    ),
  ]),
]);

/** Weights of nodes 0, 1 and 2; a weight of 0 is a node that was not counted. */
function roundOf(round: number, weights: readonly number[]): PaidRound {
  const leaves = weights.flatMap((weight, node): Contrib[] =>
    weight === 0
      ? []
      : [
          {
            node: asNodeId(node),
            keyEpoch: 0,
            receipt: ZERO_HASH,
            update: ZERO_HASH,
            numExamples: BigInt(weight),
            weight: BigInt(weight),
          },
        ],
  );
  return { round, leaves, header: { value: { included: leaves.length } } };
}

/** Two epochs of two rounds, 100 each; the second round of the second is empty, so it pays half. */
function paid(...epochs: readonly (readonly [bigint, bigint])[]): PaidRun {
  const run: Omit<PaidRun, 'epochs'> = {
    runId: RUN,
    chain: {
      genesis: ZERO_HASH,
      head: { number: 9, hash: asHash('aa'.repeat(32)) },
      runtimes: [],
      hashOf: () => undefined,
      stateAt: () => (key) => STATE.get(toHex(key)),
    },
    run: {
      payout: { policy: 0, epochRounds: 2, epochBudget: 100n, capPpm: 1_000_000 },
      funded: 1_000n,
      epoch: epochs.length,
      settledRounds: 2 * epochs.length,
    },
    spec: { payout: TERMS, rounds: 4 },
    rounds: [roundOf(0, [1, 1, 1]), roundOf(1, [0, 0, 4]), roundOf(2, [3, 0, 1]), roundOf(3, [])],
  };
  const leaves = (units: readonly [bigint, bigint]): readonly Entitle[] =>
    units.map((cumulative, i) => ({ account: account(i), cumulative }));
  return { ...run, epochs: epochs.map((units) => ({ entitlements: leaves(units) })) };
}

function foundIn(...epochs: readonly (readonly [bigint, bigint])[]): Mismatch['finding'] {
  return findingOf(paid(...epochs));
}

function findingOf(run: PaidRun): Mismatch['finding'] {
  try {
    checkEntitlements(run);
  } catch (error) {
    if (error instanceof Mismatch) return error.finding;
    throw error;
  }
  throw new Error('nothing was found');
}

describe('checkEntitlements', () => {
  // Epoch 0: weights 2 and 5 of 7, so 28 4/7 and 71 3/7; the larger remainder gets the last unit.
  it('counts the entitlements that follow from weights, accounts and budgets', () => {
    expect(checkEntitlements(paid())).toBe(0);
    expect(checkEntitlements(paid([29n, 71n]))).toBe(2);
    expect(checkEntitlements(paid([29n, 71n], [67n, 83n]))).toBe(4); // 38 and 12 of the 50 of one round
  });

  it('names the first leaf that differs, also by one unit', () => {
    expect(foundIn([28n, 72n])).toMatchObject({
      record: 'epochs/0000/entitlements.bin leaf 0',
      expected: `29 for account ${account(0)}`,
      found: `28 for account ${account(0)}`,
      by: 'coordinator',
    });
    expect(foundIn([29n, 71n], [67n, 84n])).toMatchObject({
      record: 'epochs/0001/entitlements.bin leaf 1',
      found: `84 for account ${account(1)}`,
    });
  });

  it('names the coordinator for other terms on the chain than the spec has', () => {
    const run = paid([29n, 71n]);
    for (const lie of [{ policy: 1 }, { epochRounds: 3 }, { capPpm: 400_000 }]) {
      const payout = { ...run.run.payout, ...lie };
      expect(findingOf({ ...run, run: { ...run.run, payout } })).toMatchObject({
        record: 'payout of the run on the chain',
        by: 'coordinator',
      });
    }
  });

  it('passes no epoch of a run that pays by scores nobody can see', () => {
    const validation = { sha256: ZERO_HASH };
    const payout = {
      policy: 'contribution',
      epochRounds: 2,
      capPpm: 1_000_000,
      validation,
    } as const;
    const run = { ...paid([29n, 71n]), spec: { payout, rounds: 4 } };
    expect(() => checkEntitlements(run)).toThrow(Mismatch);
  });
});
