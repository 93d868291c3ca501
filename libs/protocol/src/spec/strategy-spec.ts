import { z } from 'zod';

const positive = z.number().positive();
const beta = z.number().min(0).lt(1);
const serverLearningRate = positive;
const tau = z.number().min(1e-12).default(1e-3);
/** Strategies whose step is the mean itself move all the way unless told otherwise. */
const plain = z.strictObject({ serverLearningRate: positive.default(1) });

/** How an aggregate becomes the next model (protocol.md §1.6–1.7): one key, its parameters. */
export const StrategySpec = z.union([
  z.strictObject({ fedAvg: plain }),
  z.strictObject({ fedAvgM: z.strictObject({ serverLearningRate, beta1: beta.default(0.9) }) }),
  z.strictObject({
    fedAdagrad: z.strictObject({ serverLearningRate, tau, beta1: beta.default(0.9) }),
  }),
  z.strictObject({
    fedAdam: z.strictObject({
      serverLearningRate,
      tau,
      beta1: beta.default(0.9),
      beta2: beta.default(0.99),
    }),
  }),
  z.strictObject({
    fedYogi: z.strictObject({
      serverLearningRate,
      tau,
      beta1: beta.default(0.9),
      beta2: beta.default(0.99),
    }),
  }),
  /** Karimireddy et al. 2020 (arXiv 1910.06378), option II. */
  z.strictObject({ scaffold: plain }),
  /** Wang et al. 2020 (arXiv 2007.07481), for plain local SGD. */
  z.strictObject({ fedNova: plain }),
]);
export type StrategySpec = z.infer<typeof StrategySpec>;

/** Robust rules (protocol.md §1.8). */
const RULES = [
  'multiKrum',
  'krum',
  'bulyan',
  'median',
  'trimmedMean',
  'geometricMedian',
  'centredClipping',
] as const;
export type RobustRuleName = (typeof RULES)[number];

/** What replaces the weighted mean when some sites may lie. */
export const RobustSpec = z.strictObject({
  rule: z.enum(RULES).default('multiKrum'),
  /** Sites of a round that are expected to lie. */
  attackers: z.number().int().min(0).max(65_536),
  /** Liars that the rule withstands; `attackers` unless given, never below it. */
  tolerance: z.number().int().min(0).max(65_536).optional(),
  /** Centred clipping alone: longest difference from the last aggregate, in the model's units. */
  radius: positive.optional(),
});
export type RobustSpec = z.infer<typeof RobustSpec>;

/** The liars that `robust` withstands. */
export function toleranceOf({ tolerance, attackers }: RobustSpec): number {
  return tolerance ?? attackers;
}

/** Fewest updates that `rule` needs against `tolerance` liars (Blanchard et al. 2017, El Mhamdi et al. 2018). */
export function leastUpdates(rule: RobustRuleName, tolerance: number): number {
  switch (rule) {
    case 'krum':
    case 'multiKrum':
      return 2 * tolerance + 3;
    case 'bulyan':
      return 4 * tolerance + 3;
    case 'median':
    case 'trimmedMean':
    case 'geometricMedian':
    case 'centredClipping':
      return 2 * tolerance + 1;
  }
}
