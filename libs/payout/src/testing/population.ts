import { SeededRandom } from '@tallystick/kernel/testing';
import { CLASSES, INPUTS, type LabelledRows } from './small-network.js';

/** What a node of the acceptance population does. */
export type Role =
  | 'good'
  | 'small'
  | 'rare'
  | 'noisy70'
  | 'noisy100'
  | 'freeZero'
  | 'freeNoise'
  | 'freeReplay'
  | 'freeDisguised'
  | 'freeDisplacement'
  | 'freeCopy'
  | 'flip'
  | 'triple';

export interface Member {
  readonly role: Role;
  /** None of a free-rider. */
  readonly rows?: LabelledRows;
  /** numExamples as it says. */
  readonly claimed: number;
}

export interface Population {
  readonly members: readonly Member[];
  readonly validation: LabelledRows;
  readonly random: Randomness;
}

/** What a free-rider claims. */
const CLAIMED = 800;
const FACTORS = 16;

export type Partition = 'dirichlet' | 'iid';

/** Everything random of one population. */
export class Randomness {
  readonly #random: SeededRandom;
  #spare: number | undefined;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  unit(): number {
    return this.#random.unit();
  }

  below(n: number): number {
    return this.#random.between(0, n - 1);
  }

  /** Box–Muller. */
  normal(): number {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const length = Math.sqrt(-2 * Math.log(1 - this.unit()));
    const angle = 2 * Math.PI * this.unit();
    this.#spare = length * Math.sin(angle);
    return length * Math.cos(angle);
  }

  shuffle(list: Uint16Array): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }
}

/**
 * The 26 nodes of the acceptance test, on a synthetic task of ten classes: nine with 200 to 799 examples, two with 60,
 * two that alone hold class 9, two with 70 % and one with all labels random, six kinds of free-rider that claim 800
 * examples, one that sends its update with the wrong sign, and one data set registered three times.
 * @param partition labels of the nine: Dirichlet(1), or alike
 */
export function population(seed: number, partition: Partition): Population {
  const random = new Randomness(seed);
  const draw = source(random);
  const common = Array.from({ length: CLASSES }, (_, c) => (c < CLASSES - 1 ? 1 : 0));
  const even = common.map(() => 1);
  const rare = common.map((_, c) => (c < CLASSES - 1 ? 0.3 / (CLASSES - 1) : 0.7));
  const members: Member[] = [];
  const add = (role: Role, rows: LabelledRows): void => {
    members.push({ role, rows, claimed: rows.y.length });
  };
  for (let i = 0; i < 9; i++) {
    const shares =
      partition === 'iid' ? common : common.map((c) => c * -Math.log(1 - random.unit()));
    add('good', draw(200 + random.below(600), shares));
  }
  for (let i = 0; i < 2; i++) add('small', draw(60, common));
  for (let i = 0; i < 2; i++) add('rare', draw(300, rare));
  for (let i = 0; i < 2; i++) add('noisy70', relabelled(draw(500, common), 0.7, random));
  add('noisy100', relabelled(draw(500, common), 1, random));
  for (const role of FREE_RIDERS) members.push({ role, claimed: CLAIMED });
  add('flip', draw(500, even));
  const tripled = draw(400, common);
  for (let i = 0; i < 3; i++) add('triple', tripled);
  return { members, validation: draw(1000, even), random };
}

export const FREE_RIDERS = [
  'freeZero',
  'freeNoise',
  'freeReplay',
  'freeDisguised',
  'freeDisplacement',
  'freeCopy',
] as const;

type Draw = (count: number, shares: readonly number[]) => LabelledRows;

/** Sixteen hidden factors per class, bent by tanh, with noise on factors and inputs. */
function source(random: Randomness): Draw {
  const centres = Float64Array.from({ length: CLASSES * FACTORS }, () => random.normal());
  const mixing = Float64Array.from({ length: FACTORS * INPUTS }, () => random.normal() / 4);
  return (count, shares) => {
    const x = new Float64Array(count * INPUTS);
    const y = new Uint8Array(count);
    const factors = new Float64Array(FACTORS);
    for (let row = 0; row < count; row++) {
      y[row] = picked(shares, random);
      for (let f = 0; f < FACTORS; f++)
        factors[f] = centres[y[row] * FACTORS + f] + 0.9 * random.normal();
      for (let i = 0; i < INPUTS; i++) {
        let sum = 0;
        for (let f = 0; f < FACTORS; f++) sum += factors[f] * mixing[f * INPUTS + i];
        x[row * INPUTS + i] = Math.tanh(sum) + 0.15 * random.normal();
      }
    }
    return { x, y };
  };
}

function picked(shares: readonly number[], random: Randomness): number {
  let left = random.unit() * shares.reduce((sum, share) => sum + share, 0);
  for (const [c, share] of shares.entries()) {
    left -= share;
    if (left < 0) return c;
  }
  return shares.findLastIndex((share) => share > 0);
}

function relabelled({ x, y }: LabelledRows, share: number, random: Randomness): LabelledRows {
  return { x, y: y.map((label) => (random.unit() < share ? random.below(CLASSES) : label)) };
}
