import { type Choice } from './choose-updates.js';
import { clipScale } from './distances.js';
import type { RobustRule } from './robust-rule.js';
import type { RowPass } from './row-pass.js';

/** Rules that need every update before they can begin. */
export interface AggregateRules {
  readonly robust: RobustRule;
  /** Norm clip C before the rule, in units of 2⁻³². */
  readonly clipNorm?: number;
}

/** Does its passes over the gathered updates of a round: on one thread or on several. */
export interface Passes {
  run(pass: RowPass): Promise<void>;
  /** `chooseUpdates`. */
  choose(choice: Choice): Promise<number[]>;
  /** Zeros, seen by every thread. */
  zeros(count: number): Float64Array;
}

/** The updates of one round and what works on them. */
interface Round {
  readonly passes: Passes;
  /** n_i, in the order of the nodes. */
  readonly weights: readonly number[];
  /** C ÷ r of the updates that the norm clip shortens, 1 of the others. */
  readonly scales: readonly number[];
}

/**
 * Aggregates all updates of a round by protocol.md §1.8 and leaves S in the place of the passes.
 * @param weights n_i of the updates, in the order of their nodes: whoever calls sorts, so arrival decides nothing
 * @returns W, by which the server step divides S
 * Throws RangeError when there are fewer updates than the rule needs; the run spec rules that out.
 */
export async function aggregate(
  { robust, clipNorm }: AggregateRules,
  weights: readonly number[],
  passes: Passes,
): Promise<bigint> {
  checkCount(robust, weights.length);
  const round: Round = { passes, weights, scales: weights.map(() => 1) };
  const scales = clipNorm === undefined ? round.scales : await clip(round, { limit: clipNorm });
  return byRule(robust, { ...round, scales });
}

async function byRule(robust: RobustRule, round: Round): Promise<bigint> {
  const { passes, scales, weights } = round;
  const { tolerance } = robust;
  const n = weights.length;
  switch (robust.kind) {
    case 'median': {
      const [from, to] = [(n - 1) >> 1, (n >> 1) + 1];
      await passes.run({ kind: 'rank', scales, from, to, halve: n % 2 === 0 ? 1 : 0 });
      return 1n;
    }
    case 'trimmedMean': {
      await passes.run({ kind: 'rank', scales, from: tolerance, to: n - tolerance, halve: 0 });
      return BigInt(n - 2 * tolerance);
    }
    case 'krum':
    case 'multiKrum':
    case 'geometricMedian':
      return weigh(round, await choose(robust.kind, tolerance, round));
    case 'bulyan': {
      const chosen = await choose(robust.kind, tolerance, round);
      const members = [...chosen.keys()].filter((i) => chosen[i] > 0);
      const keep = members.length - 2 * tolerance;
      await passes.run({ kind: 'closest', scales, members, keep });
      return BigInt(keep);
    }
    case 'centredClipping': {
      const centreScales = await clip(round, { limit: robust.radius, isCentred: true });
      await passes.run({ kind: 'moveCentre', scales, centreScales });
      return 1n;
    }
  }
}

async function weigh({ passes, scales }: Round, weights: readonly number[]): Promise<bigint> {
  await passes.run({ kind: 'weigh', scales, weights });
  return BigInt(weights.reduce((a, b) => a + b, 0));
}

async function choose(
  kind: Choice['kind'],
  tolerance: number,
  { passes, scales, weights }: Round,
): Promise<number[]> {
  const products = passes.zeros(weights.length ** 2);
  await passes.run({ kind: 'gram', scales, result: products });
  return passes.choose({ kind, tolerance, products, weights });
}

/** C ÷ r of every update longer than C, 1 for the others. */
async function clip(
  { passes, scales }: Round,
  { limit, isCentred = false }: { limit: number; isCentred?: boolean },
): Promise<number[]> {
  const result = passes.zeros(scales.length);
  await passes.run({ kind: 'norms', scales, isCentred, result });
  return Array.from(result, (squared) => clipScale(limit, squared));
}

function checkCount(robust: RobustRule, n: number): void {
  const least = leastOf(robust);
  if (n < least) throw new RangeError(`${robust.kind} needs ${least} updates, not ${n}`);
}

function leastOf({ kind, tolerance }: RobustRule): number {
  if (kind === 'bulyan') return 4 * tolerance + 3;
  return 2 * tolerance + (kind === 'krum' || kind === 'multiKrum' ? 3 : 1);
}
