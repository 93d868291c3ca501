import type { RobustRule, Strategy, UpdateForm } from '@tallystick/aggregation';
import {
  type RobustSpec,
  type RunSpec,
  type StrategySpec,
  toleranceOf,
} from '@tallystick/protocol';
import type { Task } from '@tallystick/record';
import { countedSteps } from './local-steps.js';
import type { FoldSpec, Weighted } from './ports/index.js';

/** One in the units of v: 2³². */
const ONE = 2 ** 32;

/** Every rule by which a round of this run is folded; the auditor's step V8 folds by the same. */
export function foldSpecOf(
  spec: RunSpec,
  { model, state, cohort }: Pick<Task, 'model' | 'state' | 'cohort'>,
): FoldSpec {
  return {
    ...{ model, state, cohort },
    form: updateFormOf(spec),
    strategy: strategyOf(spec.strategy),
    ...(spec.robust === undefined ? {} : { robust: robustRuleOf(spec.robust) }),
    ...(spec.clip === undefined ? {} : { clipNorm: spec.clip.norm * ONE }),
  };
}

/** How the sites of this run encode their updates. */
export function updateFormOf({ numeric: { codec, topPpm } }: RunSpec): UpdateForm {
  return topPpm === undefined ? { codec } : { codec, topPpm };
}

/** A contribution as a fold counts it. */
export function weightedOf(
  spec: RunSpec,
  contribution: Omit<Weighted, 'steps'> & { readonly numExamples: bigint },
): Weighted {
  const { node, update, weight, numExamples } = contribution;
  const steps = 'fedNova' in spec.strategy ? countedSteps(spec, numExamples) : 1;
  return { node, update, weight, steps };
}

/** The aggregation room's words for the strategy of a run spec. */
export function strategyOf(spec: StrategySpec): Strategy {
  if ('fedAvg' in spec) return { kind: 'fedAvg', ...spec.fedAvg };
  if ('fedAvgM' in spec) return { kind: 'fedAvgM', ...spec.fedAvgM };
  if ('fedAdagrad' in spec) return { kind: 'fedAdagrad', ...spec.fedAdagrad };
  if ('fedAdam' in spec) return { kind: 'fedAdam', ...spec.fedAdam };
  if ('fedYogi' in spec) return { kind: 'fedYogi', ...spec.fedYogi };
  if ('scaffold' in spec) return { kind: 'scaffold', ...spec.scaffold };
  return { kind: 'fedNova', ...spec.fedNova };
}

function robustRuleOf(spec: RobustSpec): RobustRule {
  const { rule: kind, radius = 0 } = spec;
  const tolerance = toleranceOf(spec);
  if (kind === 'centredClipping') return { kind, tolerance, radius: radius * ONE };
  return { kind, tolerance };
}
