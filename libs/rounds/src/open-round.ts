import { TallyError } from '@tallystick/kernel';
import type { Task } from '@tallystick/record';
import { pickCohort } from './cohort.js';
import type { CohortNode, OpenRound } from './ports/index.js';
import type { Position } from './position.js';
import { cohortRootOf } from './round-trees.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { unitFor } from './weight-for.js';

/**
 * Draws the cohort at the newest finalised block and writes the task. Undefined while fewer nodes than
 * `window.count.min` may take part.
 */
export async function prepareRound(
  plan: RunPlan,
  position: Position,
  deps: RunDeps,
): Promise<OpenRound | undefined> {
  const { spec, specHash, chain, run } = plan;
  const at = await deps.ledger.finalized();
  if (at.number < position.lastAtBlock) {
    throw new TallyError('LEDGER_UNREACHABLE', {
      url: 'the chain',
      reason: `it is at block ${at.number}, below block ${position.lastAtBlock} of the last round`,
    });
  }
  const eligible = await deps.ledger.eligible(at);
  if (eligible.length < spec.window.count.min) return undefined;
  const { round } = position;
  const picked = pickCohort(deps.sha256, eligible, { spec, specHash, round });
  const specCap = BigInt(spec.numeric.cap);
  const cohort = picked.map(({ node, keyEpoch, key, cap }): CohortNode => {
    return { member: { node, keyEpoch, cap: cap < specCap ? cap : specCap }, key };
  });
  const members = cohort.map(({ member }) => member);
  const task: Task = {
    chain,
    run,
    round,
    prev: position.prev,
    spec: specHash,
    model: position.model,
    state: position.state,
    atBlock: at.number,
    atHash: at.hash,
    cohortRoot: cohortRootOf(deps.sha256, members),
    cohort: members.length,
    unit: unitFor(
      spec.numeric,
      members.map(({ cap }) => cap),
    ),
    deadlineMs: BigInt(deps.clock.nowMs() + spec.window.deadlineMs),
  };
  return { run, round, task, cohort };
}
