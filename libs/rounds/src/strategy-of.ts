import type { Strategy } from '@tallystick/aggregation';
import type { StrategySpec } from '@tallystick/protocol';

/** The aggregation room's words for the strategy of a run spec. */
export function strategyOf(spec: StrategySpec): Strategy {
  if ('fedAvg' in spec) return { kind: 'fedAvg', ...spec.fedAvg };
  if ('fedAvgM' in spec) return { kind: 'fedAvgM', ...spec.fedAvgM };
  if ('fedAdagrad' in spec) return { kind: 'fedAdagrad', ...spec.fedAdagrad };
  if ('fedAdam' in spec) return { kind: 'fedAdam', ...spec.fedAdam };
  return { kind: 'fedYogi', ...spec.fedYogi };
}
