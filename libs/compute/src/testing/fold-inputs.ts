import { DENSE_I32, type Strategy } from '@tallystick/aggregation';
import { type Hash, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import type { FoldSpec, Weighted } from '@tallystick/rounds';

/** A contribution; node and steps matter to few rules. */
export function weighted(update: Hash, weight: bigint, node: number = 0, steps = 1): Weighted {
  return { node: node as NodeId, update, weight, steps };
}

/** The weighted mean of dense i32 updates, unless `rules` says otherwise. */
export function foldOf(
  rules: Partial<FoldSpec> & { readonly model: Hash; readonly strategy: Strategy },
): FoldSpec {
  return { state: ZERO_HASH, form: DENSE_I32, cohort: 4, ...rules };
}
