import type { NodeId } from '@tallystick/kernel';
import type { Contrib } from '@tallystick/record';

/** Weights of each node over the leaves of all rounds of an epoch, by node. */
export function sumWeights(contributions: Iterable<Contrib>): ReadonlyMap<NodeId, bigint> {
  const weights = new Map<NodeId, bigint>();
  for (const { node, weight } of contributions) {
    weights.set(node, (weights.get(node) ?? 0n) + weight);
  }
  return weights;
}
