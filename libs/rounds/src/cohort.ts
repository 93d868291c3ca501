import { fromHex, type Hash, type Sha256, utf8 } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import { hasConsented, type RunConsents } from './consent.js';
import { u32le } from './local-seed.js';
import type { CohortNode, EligibleNode } from './ports/index.js';
import { lastCounting, type VoidSpan } from './void-span.js';

/** What a draw depends on beside who is there. */
export interface Draw {
  readonly spec: RunSpec;
  readonly round: number;
  /** Hash of the spec with `beacon: spec`; with `beacon: chain` that of the block `beaconRound` is committed in. */
  readonly beacon: Hash;
}

/**
 * The round whose commit decides the cohort of `round`: the last that counts up to `round − lag`. Undefined where the
 * spec's hash does: with `beacon: spec`, and in the first rounds of a run, before any commit is old enough.
 */
export function beaconRound(
  { cohort }: Pick<RunSpec, 'cohort'>,
  round: number,
  voids: readonly VoidSpan[],
): number | undefined {
  const { beacon, lag = 0 } = cohort;
  return beacon === 'spec' || round < lag ? undefined : lastCounting(voids, round - lag);
}

/**
 * The cohort of a round, ascending by node: the k smallest by (H("tally/pick/v1" ‖ beacon ‖ round ‖ node), node),
 * k = max(minNodes, ⌈N·fractionPpm/10⁶⌉) (protocol.md §2). Everyone when k ≥ N.
 */
export function pickCohort(
  sha256: Sha256,
  eligible: readonly EligibleNode[],
  { spec, round, beacon }: Draw,
): readonly EligibleNode[] {
  const share = Math.ceil((eligible.length * spec.cohort.fractionPpm) / 1_000_000);
  const size = Math.max(spec.window.count.min, share);
  const byNode = (a: EligibleNode, b: EligibleNode): number => a.node - b.node;
  if (size >= eligible.length) return eligible.toSorted(byNode);
  const seed = fromHex(beacon);
  const ranked = eligible.map((node) => ({
    node,
    rank: sha256(utf8('tally/pick/v1'), seed, u32le(round, node.node)),
  }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.node.node - b.node.node));
  return ranked
    .slice(0, size)
    .map((entry) => entry.node)
    .toSorted(byNode);
}

/** Those of the eligible nodes whose owners allow the round, and the consents that say so. */
export function consenting(
  eligible: readonly EligibleNode[],
  consents: RunConsents,
  { spec, round }: { readonly spec: RunSpec; readonly round: number },
): readonly EligibleNode[] {
  return eligible.filter(({ node }) => hasConsented(spec, consents, { node, round }));
}

/**
 * The members, keys and policies of a round's cohort, ascending by node: caps are the smaller of the registrar's and the
 * spec's. Who did not consent is not drawn from.
 */
export function drawCohort(
  sha256: Sha256,
  eligible: readonly EligibleNode[],
  options: Draw & { readonly consents: RunConsents },
): readonly CohortNode[] {
  const { spec, consents } = options;
  const specCap = BigInt(spec.numeric.cap);
  const willing = consenting(eligible, consents, options);
  return pickCohort(sha256, willing, options).map(({ node, keyEpoch, key, cap }) => {
    const policy = consents.byNode.get(node)?.policy;
    const member = { node, keyEpoch, cap: cap < specCap ? cap : specCap };
    return { member, key, ...(policy === undefined ? {} : { policy }) };
  });
}
