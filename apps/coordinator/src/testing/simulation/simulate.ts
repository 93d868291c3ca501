import type { Hash } from '@tallystick/kernel';
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

/** Plays one schedule to its end, or to the first thing that must not be. */
export async function simulate(
  schedule: Schedule,
  options: { readonly coverage?: Coverage; readonly mutant?: Mutant } = {},
): Promise<Played> {
  const { coverage = new Coverage(), mutant = NO_MUTANT } = options;
  const world = await World.open(schedule, coverage, mutant);
  await world.play();
  const { watch, trace } = world.sim;
  if (watch.violation === undefined && schedule.isPatient && schedule.faults !== NO_FAULTS) {
    const calm = await simulate({ ...schedule, faults: NO_FAULTS });
    const detail = `the fault-free run ends with ${calm.model}, this one with ${world.model}`;
    if (calm.model !== world.model) watch.fail('same-digest', detail);
  }
  return {
    violation: watch.violation,
    model: world.model,
    rounds: watch.closedRounds,
    traceDigest: trace.digest(),
    trace: trace.lines,
  };
}
