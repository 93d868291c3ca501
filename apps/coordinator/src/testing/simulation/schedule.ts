import { SeededRandom } from '@tallystick/kernel/testing';
import { RunSpec } from '@tallystick/protocol';
import { drawFaultPlan, type FaultPlan } from './faults.js';
import type { ChainPace } from './sim-chain.js';
import { HASHED_KEYS, REAL_KEYS, type SimKeys } from './sim-keys.js';
import type { NodeHabits } from './node-parts.js';

/** All that a seed decides before the first event. */
export interface Schedule {
  readonly seed: number;
  readonly spec: RunSpec;
  readonly nodes: number;
  /** Every node answers every task in the end, so the result must be the fault-free run's. */
  readonly isPatient: boolean;
  readonly habits: readonly NodeHabits[];
  readonly pace: ChainPace;
  readonly keys: SimKeys;
  readonly faults: FaultPlan;
  /** Faults stop this long after the start. */
  readonly calmAfterMs: number;
}

/** One schedule in so many signs with real Ed25519. */
const REAL_KEYS_EVERY = 16;

const EAGER: NodeHabits = { trainMs: [20, 400], declines: 0, malformed: 0, isReproducible: true };

/** Everything that follows from the seed. */
export function drawSchedule(seed: number): Schedule {
  const random = new SeededRandom(seed);
  const isPatient = random.chance(0.5);
  const nodes = random.between(3, 5);
  const deadlineMs = isPatient ? 7_200_000 : random.between(3_000, 15_000);
  return {
    ...{ seed, nodes, isPatient },
    spec: specOf({ random, nodes, isPatient, deadlineMs }),
    habits: Array.from({ length: nodes }, () => (isPatient ? EAGER : habitsOf(random, deadlineMs))),
    pace: paceOf(random),
    keys: seed % REAL_KEYS_EVERY === 0 ? REAL_KEYS : HASHED_KEYS,
    faults: drawFaultPlan(random),
    calmAfterMs: random.between(20_000, 90_000),
  };
}

function specOf(of: {
  random: SeededRandom;
  nodes: number;
  isPatient: boolean;
  deadlineMs: number;
}): RunSpec {
  const { random, nodes, isPatient, deadlineMs } = of;
  const some = random.between(2, nodes - 1);
  const max = random.chance(0.3) ? { max: random.between(some, nodes) } : {};
  return RunSpec.parse({
    tallystick: 1,
    name: 'simulated',
    purpose: 'DUO:0000007',
    data: {
      dataset: 'd',
      label: { column: 'y', above: 0 },
      split: { column: 'set' },
      features: [{ column: 'a' }, { column: 'b' }, { column: 'c' }],
    },
    model: { layers: [{ dense: { units: 1 } }], loss: 'sigmoidCrossEntropy' },
    local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } },
    strategy: random.chance(0.5)
      ? { fedAvg: {} }
      : { fedAdagrad: { serverLearningRate: 0.3, tau: 1e-3 } },
    rounds: random.between(2, 4),
    window: { count: isPatient ? { min: nodes } : { min: some, ...max }, deadlineMs },
    maxEmptyRounds: 200,
    maxUncommitted: random.pick([1, 2, 64]),
  });
}

function habitsOf(random: SeededRandom, deadlineMs: number): NodeHabits {
  const isSlow = random.chance(0.2);
  return {
    trainMs: isSlow ? [200, Math.round(1.3 * deadlineMs)] : [20, 600],
    declines: random.pick([0, 0, 0.2]),
    malformed: random.pick([0, 0, 0.1]),
    isReproducible: random.chance(0.5),
  };
}

function paceOf(random: SeededRandom): ChainPace {
  if (random.chance(0.5)) return { blockMs: undefined, finalityMs: 60, eraBlocks: 64 };
  const blockMs = random.pick([1_000, 3_000, 6_000]);
  return { blockMs, finalityMs: 2 * blockMs, eraBlocks: random.pick([4, 8, 64]) };
}
