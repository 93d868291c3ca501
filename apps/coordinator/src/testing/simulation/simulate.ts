import { type Hash, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { canonicalJson } from '@tallystick/record';
import { Coverage } from './coverage.js';
import { NO_FAULTS } from './faults.js';
import { type Mutant, NO_MUTANT } from './mutants.js';
import type { Schedule } from './schedule.js';
import type { Violation } from './watch.js';
import { World } from './world.js';

/** How a schedule went. */
export interface Played {
  readonly violation: Violation | undefined;
  /** The final model. */
  readonly model: Hash | undefined;
  readonly rounds: number;
  /** Of every event in order. */
  readonly traceDigest: Hash;
  /** The newest events. */
  readonly trace: readonly string[];
}

/** What a play may be given. */
export interface PlayOptions {
  readonly coverage?: Coverage;
  readonly mutant?: Mutant;
  /** Final models of fault-free runs by their spec, filled as they are needed. */
  readonly calmModels?: Map<Hash, Hash | undefined>;
}

/** Plays one schedule to its end, or to the first thing that must not be. */
export async function simulate(schedule: Schedule, options: PlayOptions = {}): Promise<Played> {
  const { coverage = new Coverage(), mutant = NO_MUTANT, calmModels = new Map() } = options;
  const world = await World.open(schedule, coverage, mutant);
  await world.play();
  const { watch, trace } = world.sim;
  const isComparable = schedule.isPatient && !watch.hasVoids; // other numbers, other seeds
  if (watch.violation === undefined && isComparable && schedule.faults !== NO_FAULTS) {
    const calm = await calmModel(schedule, calmModels);
    const detail = `the fault-free run ends with ${calm}, this one with ${world.model}`;
    if (calm !== world.model) watch.fail('same-digest', detail);
  }
  return {
    violation: watch.violation,
    model: world.model,
    rounds: watch.closedRounds,
    traceDigest: trace.digest(),
    trace: trace.lines,
  };
}

/** The final model of the same run when nothing fails: its spec decides it, whatever the order of events. */
async function calmModel(
  schedule: Schedule,
  known: Map<Hash, Hash | undefined>,
): Promise<Hash | undefined> {
  const spec = sha256(utf8(canonicalJson(schedule.spec)));
  if (!known.has(spec)) {
    known.set(spec, (await simulate({ ...schedule, faults: NO_FAULTS })).model);
  }
  return known.get(spec);
}
