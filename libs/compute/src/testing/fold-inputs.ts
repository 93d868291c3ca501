import { DENSE_I32, type Strategy } from '@tallystick/aggregation';
import { type Hash, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import type { FoldSpec, Weighted } from '@tallystick/rounds';

/** Every rule that needs all updates, for eleven of them. */
export const RULES: readonly Pick<FoldSpec, 'robust' | 'clipNorm'>[] = [
  { clipNorm: 2 ** 44 },
  { robust: { kind: 'median', tolerance: 2 } },
  { robust: { kind: 'trimmedMean', tolerance: 2 } },
  { robust: { kind: 'krum', tolerance: 2 } },
  { robust: { kind: 'multiKrum', tolerance: 2 } },
  { robust: { kind: 'multiKrum', tolerance: 2 }, clipNorm: 2 ** 44 },
  { robust: { kind: 'geometricMedian', tolerance: 2 } },
  { robust: { kind: 'bulyan', tolerance: 2 } },
  { robust: { kind: 'centredClipping', tolerance: 2, radius: 2 ** 46 } },
];

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
