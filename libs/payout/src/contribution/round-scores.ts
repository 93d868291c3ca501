import type { NodeId } from '@tallystick/kernel';
import { pathScores } from './path-scores.js';
import type { QuantisedGradient } from './quantised-gradient.js';
import type { RoundEvidence } from './round-evidence.js';
import { sampledShapley } from './sampled-shapley.js';
import { MAX_LOSS_NANO } from './rules.js';
import type { ScoredRound } from './scored-round.js';
import { similarities } from './similarities.js';

/** What one round says about its nodes: integers that follow exactly from updates and evidence. */
export interface RoundScores {
  readonly round: number;
  /** Ascending; every list below has their order. */
  readonly nodes: readonly NodeId[];
  /** φ by G⊥, nano-units of loss. */
  readonly novel: readonly bigint[];
  /** See `similarities`. */
  readonly similar: readonly (readonly number[])[];
  /** Of an audited round that moved the loss: φ by G, and sampled Shapley values; nano-units of loss. */
  readonly audit?: { readonly path: readonly bigint[]; readonly shapley: readonly bigint[] };
}

/** The scores of a round, or why its evidence does not give any. */
export type RoundVerdict =
  | { readonly ok: true; readonly scores: RoundScores }
  | { readonly ok: false; readonly reason: string };

/**
 * Recomputes a round from its updates and what was published about it: coordinator and auditor alike.
 * @param permutations of an audited round
 */
export function roundScores(
  round: ScoredRound,
  { novel, audit }: RoundEvidence,
  permutations?: readonly (readonly number[])[],
): RoundVerdict {
  if ((audit === undefined) !== (permutations === undefined)) {
    return fault(`${audit === undefined ? 'lacks' : 'has'} the evidence of an audit`);
  }
  if (!fits(round, novel) || (audit !== undefined && !fits(round, audit.path))) {
    return fault(`has a gradient that is not of ${round.base.length} values`);
  }
  const scores = {
    round: round.round,
    nodes: round.contributions.map(({ node }) => node),
    novel: pathScores(round, novel),
    similar: similarities(round),
  };
  if (audit === undefined || permutations === undefined) return { ok: true, scores };
  const replayed = replay(permutations, audit.losses);
  if (!replayed.ok) return fault(replayed.reason);
  const { shapley } = replayed;
  if (shapley === undefined) return { ok: true, scores };
  return {
    ok: true,
    scores: { ...scores, audit: { path: pathScores(round, audit.path), shapley } },
  };
}

function fault(reason: string): RoundVerdict {
  return { ok: false, reason };
}

function fits({ base }: ScoredRound, { values }: QuantisedGradient): boolean {
  return values.length === base.length;
}

type Replay =
  | { readonly ok: true; readonly shapley: bigint[] | undefined }
  | { readonly ok: false; readonly reason: string };

function replay(permutations: readonly (readonly number[])[], losses: readonly number[]): Replay {
  if (losses.some((loss) => !Number.isInteger(loss) || Math.abs(loss) > MAX_LOSS_NANO)) {
    return { ok: false, reason: 'has a loss that is out of range' };
  }
  const walk = sampledShapley(permutations);
  let asked = walk.next();
  for (const loss of losses) {
    if (asked.done === true)
      return { ok: false, reason: 'has more losses than its audit asks for' };
    asked = walk.next(loss);
  }
  if (asked.done !== true) return { ok: false, reason: 'has fewer losses than its audit asks for' };
  return { ok: true, shapley: asked.value };
}
