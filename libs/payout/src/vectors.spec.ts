import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asAccountId, asNodeId, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { Entitle } from '@tallystick/record';
import { expect, it } from 'vitest';
import {
  addPayments,
  type Earner,
  entitleClaim,
  entitleRoot,
  epochDue,
  payEpoch,
  type PayoutPolicy,
  verifyEntitlement,
} from './index.js';
import { Draws, drawVector } from './testing/draws.js';

interface EarnerVector {
  readonly node: number;
  readonly account: string;
  readonly share: string;
}

interface Vectors {
  readonly cases: readonly {
    readonly why: string;
    readonly policy: PayoutPolicy;
    readonly capPpm: number;
    readonly budget: string;
    readonly earners: readonly EarnerVector[];
    readonly payments: readonly {
      readonly account: string;
      readonly firstNode: number;
      readonly share: string;
      readonly units: string;
    }[];
  }[];
  readonly bulk: {
    readonly seed: number;
    readonly vectors: number;
    readonly chunk: number;
    readonly digests: readonly string[];
  };
  readonly run: {
    readonly epochBudget: string;
    readonly epochRounds: number;
    readonly capPpm: number;
    readonly epochs: readonly {
      readonly rounds: number;
      readonly budget: string;
      readonly earners: readonly EarnerVector[];
      readonly entitlements: readonly { readonly account: string; readonly cumulative: string }[];
      readonly root: string;
      readonly total: string;
    }[];
  };
}

const path = (name: string): string =>
  fileURLToPath(new URL(`../../../test-vectors/${name}`, import.meta.url));
const text = readFileSync(path('payouts.json'), 'utf8');
const { cases, bulk, run }: Vectors = JSON.parse(text);

function earnersOf(vectors: readonly EarnerVector[]): readonly Earner[] {
  return vectors.map(({ node, account, share }) => ({
    node: asNodeId(node),
    account: asAccountId(account),
    share: BigInt(share),
  }));
}

it.each(cases)('$why', ({ policy, capPpm, budget, earners, payments }) => {
  const paid = payEpoch(earnersOf(earners), { policy, capPpm, budget: BigInt(budget) });
  expect(paid).toEqual(
    payments.map((payment) => ({
      ...payment,
      share: BigInt(payment.share),
      units: BigInt(payment.units),
    })),
  );
});

it('pays 10⁵ random vectors as the integers of another language do, and each budget exactly', () => {
  const draws = new Draws(bulk.seed);
  expect(bulk.vectors).toBe(100_000);
  for (const [i, digest] of bulk.digests.entries()) {
    const lines = Array.from({ length: bulk.chunk }, () => {
      const { budget, capPpm, earners } = drawVector(draws);
      const paid = payEpoch(earners, { policy: 'weight', capPpm, budget });
      const sum = paid.reduce((total, { units }) => total + units, 0n);
      if (paid.length > 0 && sum !== budget) throw new Error(`paid ${sum} of ${budget}`);
      return `${paid.map(({ units }) => units).join(',')}\n`;
    });
    expect({ chunk: i, digest: sha256(utf8(lines.join(''))) }).toEqual({ chunk: i, digest });
  }
});

it('adds epochs up to the same entitlements, roots and totals, and proves each', () => {
  const terms = { epochBudget: BigInt(run.epochBudget), epochRounds: run.epochRounds };
  let entitlements: readonly Entitle[] = [];
  for (const epoch of run.epochs) {
    const budget = epochDue(terms, epoch.rounds, 10n ** 12n);
    expect(budget).toBe(BigInt(epoch.budget));
    const payments = payEpoch(earnersOf(epoch.earners), {
      policy: 'weight',
      capPpm: run.capPpm,
      budget,
    });
    entitlements = addPayments(entitlements, payments);
    const wanted = epoch.entitlements.map(({ account, cumulative }) => ({
      account,
      cumulative: BigInt(cumulative),
    }));
    expect(entitlements).toEqual(wanted);
    const root = entitleRoot(sha256, entitlements);
    expect(root).toEqual({
      entitleRoot: epoch.root,
      accounts: wanted.length,
      total: BigInt(epoch.total),
    });
    const claims = entitlements.map(({ account }) => entitleClaim(sha256, entitlements, account));
    expect(claims.every((claim) => claim && verifyEntitlement(sha256, root, claim))).toBe(true);
  }
});

it('payouts.json is what payouts.py writes, where there is a Python', () => {
  const { error, stdout, stderr } = spawnSync('python3', [path('payouts.py')], {
    encoding: 'utf8',
  });
  expect(error === undefined ? stderr : '').toBe('');
  expect(error === undefined ? stdout : text).toBe(text);
});
