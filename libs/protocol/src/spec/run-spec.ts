import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { checkFit } from './model-fit.js';
import { PayoutSpec } from './payout-spec.js';
import { alsoBeside } from './rule.js';
import { checkRules } from './rules-fit.js';
import { RobustSpec, StrategySpec } from './strategy-spec.js';

/** Tensor and layer names (protocol.md §1.1). */
const columnName = z.string().min(1).max(128);
const positive = z.number().positive();
const beta = z.number().min(0).lt(1);
const count = (max: number) => z.number().int().min(1).max(max);
const distinct = (min: number, max: number) =>
  z
    .array(z.number())
    .min(min)
    .max(max)
    .refine((all) => new Set(all).size === all.length, 'must not name a value twice');

const Feature = z.strictObject({
  column: columnName,
  /** `standard`: (x − mean) / deviation of this site's train rows, floored; of a one-hot feature, each column. */
  scale: z.enum(['standard', 'none']).optional(),
  /** One column per listed category; a value outside the list gives all zeros. Listed, never learnt. */
  oneHot: distinct(1, 256).optional(),
  /** Fills a missing cell; without it `data.missing` decides. */
  impute: z.union([z.number(), z.enum(['mean', 'median'])]).optional(),
});

const Label = z.union([
  z.strictObject({ column: columnName, above: z.number() }),
  z.strictObject({ column: columnName, classes: distinct(2, 1024) }),
  z.strictObject({ column: columnName, value: z.literal(true) }),
]);

const Data = z.strictObject({
  dataset: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63'),
  label: Label,
  split: z
    .strictObject({
      column: columnName,
      train: z.string().default('train'),
      test: z.string().default('test'),
    })
    .refine((s) => s.train !== s.test, {
      error: 'must differ from train',
      path: ['test'],
      ...alsoBeside('train', 'test'),
    }),
  missing: z.enum(['drop', 'refuse']).default('drop'),
  features: z.array(Feature).min(1).max(4096),
});

const Layer = z.strictObject({
  dense: z.strictObject({
    units: count(65_536),
    activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid']).default('linear'),
  }),
});

const Model = z.strictObject({
  layers: z.array(Layer).min(1).max(64),
  loss: z.enum(['sigmoidCrossEntropy', 'softmaxCrossEntropy', 'meanSquaredError']),
  init: z
    .union([z.strictObject({ uniform: positive }), z.literal('glorotUniform'), z.literal('zeros')])
    .default('glorotUniform'),
});

const Local = z
  .strictObject({
    steps: count(10_000_000).optional(),
    epochs: count(100_000).optional(),
    batchSize: count(1_000_000),
    optimizer: z.strictObject({
      sgd: z.strictObject({ learningRate: positive, momentum: beta.default(0) }),
    }),
    /** μ of FedProx (arXiv 1812.06127 eq. 2); 0 is plain local training. */
    proximalMu: z.number().min(0).default(0),
  })
  .refine((l) => (l.steps === undefined) !== (l.epochs === undefined), {
    error: 'give either steps or epochs',
    path: ['steps'],
    ...alsoBeside(),
  });

const Window = z.strictObject({
  count: z
    .strictObject({ min: count(LIMITS.maxCohort), max: count(LIMITS.maxCohort).optional() })
    .refine((c) => c.max === undefined || c.max >= c.min, {
      error: 'must not be below min',
      path: ['max'],
      ...alsoBeside('min', 'max'),
    }),
  deadlineMs: z.number().int().min(100).max(604_800_000),
});

/**
 * The run spec (protocol.md §2): everything that decides the result of a run, as data. Defaults are filled in by
 * parsing; the canonical JSON of the parsed value is what is hashed, shipped and verified.
 */
export const RunSpec = z
  .strictObject({
    tallystick: z.literal(1),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63'),
    purpose: z.string().regex(/^DUO:\d{7}$/, 'a GA4GH DUO code such as DUO:0000007'),
    data: Data,
    model: Model,
    local: Local,
    strategy: StrategySpec,
    robust: RobustSpec.optional(),
    /** Updates longer than `norm` (Euclidean, in the model's units) are scaled down to it before they are counted. */
    clip: z.strictObject({ norm: positive }).optional(),
    rounds: count(100_000),
    /** Ends the run when `patience` rounds in a row bring the sites' loss not `minDelta` below the best one. */
    earlyStop: z
      .strictObject({ patience: count(100_000), minDelta: z.number().min(0).default(0) })
      .optional(),
    window: Window,
    /** Buffered asynchronous rounds (FedBuff, arXiv 2106.06639): an update may be this many rounds old. */
    asynchronous: z.strictObject({ maxStaleness: count(64) }).optional(),
    maxEmptyRounds: count(1000).default(3),
    numeric: z
      .strictObject({
        codec: z.enum(['i32', 'i16', 'i8']).default('i32'),
        /** Sends only this share of the positions, those that changed most; all of them without it. */
        topPpm: count(1_000_000).optional(),
        weighting: z.enum(['examples', 'equal']).default('examples'),
        /** Largest numExamples that counts (protocol.md §1.4). */
        cap: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).default(1_000_000),
      })
      .prefault({}),
    cohort: z
      .strictObject({
        fractionPpm: count(1_000_000).default(1_000_000),
        /**
         * What decides who is asked where not everyone is: the spec's hash, known before the run, or the hash of the block
         * that holds the commit of the round `lag` before.
         */
        beacon: z.enum(['spec', 'chain']).default('spec'),
        /** Rounds between a commit and the cohort that its block decides; `beacon: chain` alone has one. */
        lag: z.number().int().min(2).max(64).optional(),
      })
      .prefault({}),
    maxUncommitted: count(1024).default(64),
    payout: PayoutSpec.optional(),
    /** `required`: no update of a node counts unless its owner consented on the chain; `implied` without it. */
    consent: z.enum(['required', 'implied']).optional(),
    seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  })
  .superRefine(checkFit, alsoBeside('data', 'model'))
  .superRefine(
    checkRules,
    alsoBeside(
      'strategy',
      'robust',
      'clip',
      'local',
      'window',
      'numeric',
      'cohort',
      'maxUncommitted',
      'asynchronous',
      'earlyStop',
      'payout',
      'rounds',
    ),
  );

/** A checked run spec with all defaults filled in. */
export type RunSpec = z.infer<typeof RunSpec>;
export type DataSpec = z.infer<typeof Data>;
export type ModelSpec = z.infer<typeof Model>;
export type LocalSpec = z.infer<typeof Local>;
