import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asNodeId, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { expect, it } from 'vitest';
import { type Earner, payEpoch, type PayTerms } from './index.js';
import { Draws, drawVector } from './testing/draws.js';

/** Bar 23: random weights, pots up to 2⁹⁶ and ties. Units of the payees, in the order of their smallest node ids. */
type Pay = (earners: readonly Earner[], terms: PayTerms) => readonly bigint[];

const FILE = fileURLToPath(new URL('../../../test-vectors/payouts.json', import.meta.url));
const { bulk }: Vectors = JSON.parse(readFileSync(FILE, 'utf8'));
interface Vectors {
  readonly bulk: {
    readonly seed: number;
    readonly chunk: number;
    readonly digests: readonly string[];
  };
}

/** What is wrong with a way to pay, by a thousand random vectors and what Python's integers make of them. */
function faultsOf(pay: Pay): ReadonlySet<string> {
  const faults = new Set<string>();
  const draws = new Draws(bulk.seed);
  const lines = Array.from({ length: bulk.chunk }, () => {
    const { budget, capPpm, earners } = drawVector(draws);
    const terms = { policy: 'weight', capPpm, budget } as const;
    const units = pay(earners, terms);
    const isPaid = earners.some(({ share }) => share > 0n);
    if (isPaid && units.reduce((sum, one) => sum + one, 0n) !== budget) faults.add('sum');
    if (pay(earners.toReversed(), terms).join() !== units.join()) faults.add('order');
    return `${units.join(',')}\n`;
  });
  if (sha256(utf8(lines.join(''))) !== bulk.digests[0]) faults.add('Python’s integers');
  return faults;
}

const honest: Pay = (earners, terms) => payEpoch(earners, terms).map(({ units }) => units);

/** By ascending node, as the rule has it. */
function paying(units: (shares: readonly bigint[], budget: bigint) => readonly bigint[]): Pay {
  return (earners, { budget }) => {
    const inOrder = earners.toSorted((a, b) => a.node - b.node);
    const shares = inOrder.map(({ share }) => share).filter((share) => share > 0n);
    return shares.length === 0 ? [] : units(shares, budget);
  };
}

const sumOf = (all: readonly bigint[]): bigint => all.reduce((sum, one) => sum + one, 0n);
const floors = (shares: readonly bigint[], budget: bigint): bigint[] =>
  shares.map((share) => (budget * share) / sumOf(shares));

it('bar 23: pays as Python’s integers do, to the unit, in any order', () => {
  expect([...faultsOf(honest)]).toEqual([]);
});

it.each<[string, Pay, string]>([
  ['floors alone', paying(floors), 'sum'],
  [
    'doubles',
    paying((shares, budget) => {
      const total = Number(sumOf(shares));
      return shares.map((share) => BigInt(Math.round((Number(budget) * Number(share)) / total)));
    }),
    'sum',
  ],
  [
    'the rest to the first',
    paying((shares, budget) => {
      const units = floors(shares, budget);
      return units.with(0, (units[0] ?? 0n) + budget - sumOf(units));
    }),
    'Python’s integers',
  ],
  [
    'no cap',
    (earners, terms) => honest(earners, { ...terms, capPpm: 1_000_000 }),
    'Python’s integers',
  ],
  [
    'whoever is told first goes first',
    (earners, terms) =>
      honest(
        earners.map((one, node) => ({ ...one, node: asNodeId(node) })),
        terms,
      ),
    'order',
  ],
  [
    'a node that is told twice is paid twice',
    (earners, terms) => honest([...earners, ...earners.slice(0, 1)], terms),
    'Python’s integers',
  ],
])('bar 23, mutant: %s', (_what, pay, fault) => {
  expect([...faultsOf(pay)]).toContain(fault);
});
