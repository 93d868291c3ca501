import { asNodeId } from '@tallystick/kernel';
import type { ScoredContribution, ScoredRound, Validation } from '../index.js';
import { modelAt, WeightedSum } from '../contribution/weighted-sum.js';
import type { Member, Population, Randomness } from './population.js';
import { firstWeights, type LabelledRows, PARAMETERS, SmallNetwork } from './small-network.js';

const EPOCHS = 2;
const BATCH = 32;
const LEARNING_RATE = 0.15;
/** Rounds whose displacement one of the free-riders sends. */
const DISPLACEMENT = 6;
/** Updates longer than so many medians are clipped. */
const CLIP = 2;

interface Past {
  readonly models: readonly Float32Array[];
  readonly random: Randomness;
}

/** Plays the rounds of a population: FedAvg with a clip, updates as integers of 2⁻³². Nothing depends on scores. */
export function scoredRounds({ members, random }: Population, rounds: number): ScoredRound[] {
  let model = firstWeights(() => random.normal());
  const models: Float32Array[] = [];
  return Array.from({ length: rounds }, (_, round): ScoredRound => {
    const base = model;
    const updates = updatesOf(members, base, { models, random });
    const contributions = updates.map((update, i): ScoredContribution => {
      const values = update.map((x) => Math.round(x * 2 ** 32));
      return { node: asNodeId(i + 1), weight: members[i].claimed, values };
    });
    const earlier = [...models];
    models.unshift(base);
    model = averaged(base, contributions);
    return { round, base, contributions, earlier };
  });
}

/** The loss of the small network on these rows, and its gradient. */
export function validationOn(rows: LabelledRows): Validation {
  const network = new SmallNetwork();
  const order = Uint16Array.from(rows.y.keys());
  return {
    gradientAt(weights) {
      const gradient = new Float64Array(PARAMETERS);
      network.gradient(Float64Array.from(weights), rows, { order, gradient });
      return Promise.resolve(gradient);
    },
    lossAt: (weights) => Promise.resolve(network.loss(Float64Array.from(weights), rows)),
  };
}

function averaged(base: Float32Array, contributions: readonly ScoredContribution[]): Float32Array {
  const sum = new WeightedSum(PARAMETERS);
  for (const { values, weight } of contributions) sum.add(values, weight);
  return modelAt(base, sum.mean(), 1);
}

/** Local training first: free-riders send something as long as the median of the good updates. */
function updatesOf(members: readonly Member[], base: Float32Array, past: Past): Float64Array[] {
  const trained = members.map((member) => train(member, base, past.random));
  const good = trained.filter((_, i) => members[i].role === 'good');
  const length = median(good.map(lengthOf));
  const updates = members.map(({ role }, i) => {
    const make = (vector: Float64Array): Float64Array => scaled(unit(vector), length);
    switch (role) {
      case 'freeNoise':
        return make(noise(past.random));
      case 'freeReplay':
        return make(displacement(base, past.models, 1));
      case 'freeDisguised': {
        const replay = unit(displacement(base, past.models, 1));
        const cover = unit(noise(past.random));
        return scaled(
          replay.map((x, j) => 0.8 * x + 0.6 * cover[j]),
          length,
        );
      }
      case 'freeDisplacement':
        return make(
          displacement(base, past.models, past.models.length < DISPLACEMENT ? 1 : DISPLACEMENT),
        );
      case 'freeCopy':
        return scaled(trained[0], 1.02);
      case 'flip':
        return scaled(trained[i], -1);
      default:
        return trained[i];
    }
  });
  const limit = CLIP * median(updates.map(lengthOf).filter((x) => x > 0));
  return updates.map((update) =>
    scaled(update, Math.min(1, limit / Math.max(lengthOf(update), 1e-12))),
  );
}

function train({ rows }: Member, base: Float32Array, random: Randomness): Float64Array {
  if (rows === undefined) return new Float64Array(PARAMETERS);
  const network = new SmallNetwork();
  const weights = Float64Array.from(base);
  const gradient = new Float64Array(PARAMETERS);
  const order = Uint16Array.from(rows.y.keys());
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    random.shuffle(order);
    for (let at = 0; at < order.length; at += BATCH) {
      network.gradient(weights, rows, { order: order.subarray(at, at + BATCH), gradient });
      for (let j = 0; j < PARAMETERS; j++) weights[j] -= LEARNING_RATE * gradient[j];
    }
  }
  return weights.map((w, j) => w - base[j]);
}

function displacement(
  base: Float32Array,
  models: readonly Float32Array[],
  rounds: number,
): Float64Array {
  const before = models.at(rounds - 1);
  return Float64Array.from(base, (w, j) => w - (before?.[j] ?? w));
}

function noise(random: Randomness): Float64Array {
  return Float64Array.from({ length: PARAMETERS }, () => random.normal());
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}

function unit(vector: Float64Array): Float64Array {
  return scaled(vector, 1 / (lengthOf(vector) + 1e-12));
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((x) => x * factor);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
