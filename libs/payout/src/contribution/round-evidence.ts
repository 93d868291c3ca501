import { novelPart } from './novel-part.js';
import { pathGradient } from './path-gradient.js';
import { gradientAgrees, type QuantisedGradient, quantiseGradient } from './quantised-gradient.js';
import { sampledShapley, type Subset } from './sampled-shapley.js';
import type { ScoredRound } from './scored-round.js';
import { nanoLoss, type Validation, type ValidationLoss } from './validation.js';
import { modelAt, WeightedSum } from './weighted-sum.js';

/** What is measured on the validation set and published for a round; the scores follow from it exactly. */
export interface RoundEvidence {
  /** G⊥. */
  readonly novel: QuantisedGradient;
  /** Of an audited round. */
  readonly audit?: {
    /** G. */
    readonly path: QuantisedGradient;
    /** Validation losses in nano-units, in the order `sampledShapley` asks for them. */
    readonly losses: readonly number[];
  };
}

/** How a round is measured. */
export interface Measuring {
  readonly validation: Validation;
  /** Of an audited round. */
  readonly permutations?: readonly (readonly number[])[] | undefined;
}

/** Measures a round that has contributions. Costs three backward passes, an audit a forward pass per subset. */
export async function measureRound(
  round: ScoredRound,
  { validation, permutations }: Measuring,
): Promise<RoundEvidence> {
  const path = await pathGradient(round, validation);
  const novel = quantiseGradient(novelPart(path, round));
  if (permutations === undefined) return { novel };
  const losses: number[] = [];
  const walk = sampledShapley(permutations);
  let asked = walk.next();
  while (asked.done !== true) {
    const loss = await lossOf(round, asked.value, validation);
    losses.push(loss);
    asked = walk.next(loss);
  }
  return { novel, audit: { path: quantiseGradient(path), losses } };
}

async function lossOf(
  { base, contributions }: ScoredRound,
  subset: Subset,
  validation: ValidationLoss,
): Promise<number> {
  const sum = new WeightedSum(base.length);
  for (const i of subset) sum.add(contributions[i].values, contributions[i].weight);
  return nanoLoss(await validation.lossAt(modelAt(base, sum.mean(), 1)));
}

/** Losses of two engines agree within 10⁻³ of their size, or a millionth of a loss unit. */
const LOSS_PARTS = 1000;
const LOSS_NANO = 1000;

/**
 * Step V11: measures again what was published, following the published losses. Undefined when all agrees, else what
 * does not, in words.
 */
export async function evidenceFault(
  round: ScoredRound,
  published: RoundEvidence,
  { validation, permutations }: Measuring,
): Promise<string | undefined> {
  const path = await pathGradient(round, validation);
  if (!gradientAgrees(published.novel, quantiseGradient(novelPart(path, round)))) {
    return 'the published novel gradient is not that of the validation set';
  }
  const { audit } = published;
  if (audit === undefined || permutations === undefined) return undefined;
  if (!gradientAgrees(audit.path, quantiseGradient(path))) {
    return 'the published path gradient is not that of the validation set';
  }
  const walk = sampledShapley(permutations);
  let asked = walk.next();
  for (const [i, loss] of audit.losses.entries()) {
    if (asked.done === true)
      return `it publishes ${audit.losses.length} losses where ${i} are asked for`;
    const want = await lossOf(round, asked.value, validation);
    if (Math.abs(want - loss) > Math.max(LOSS_NANO, Math.abs(want) / LOSS_PARTS)) {
      return `published loss ${i} is ${loss} nano-units, measured are ${want}`;
    }
    asked = walk.next(loss);
  }
  return asked.done === true ? undefined : 'the published losses end early';
}
