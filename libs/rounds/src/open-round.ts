import { type Hash, TallyError } from '@tallystick/kernel';
import type { Task } from '@tallystick/record';
import { beaconRound, drawCohort } from './cohort.js';
import type { OpenRound } from './ports/index.js';
import type { Position } from './position.js';
import { cohortRootOf } from './round-trees.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { unitFor } from './weight-for.js';

/**
 * Draws the cohort at the newest finalised block and writes the task. Undefined while fewer nodes than
 * `window.count.min` may take part and consented.
 */
export async function prepareRound(
  plan: RunPlan,
  position: Position,
  deps: RunDeps,
): Promise<OpenRound | undefined> {
  const { spec, specHash, chain, run } = plan;
  const { round, prev, model, state } = position;
  const at = await deps.ledger.finalized();
  checkHeight(at.number, position.lastAtBlock);
  const eligible = await deps.ledger.eligible(at);
  const consents = await deps.ledger.consents(run, at);
  const beacon = await beaconOf(plan, position, deps);
  const cohort = drawCohort(deps.sha256, eligible, { spec, round, beacon, consents });
  if (cohort.length < spec.window.count.min) return undefined;
  const members = cohort.map(({ member }) => member);
  const caps = members.map(({ cap }) => cap);
  const task: Task = {
    chain,
    run,
    round,
    prev,
    spec: specHash,
    model,
    state,
    atBlock: at.number,
    atHash: at.hash,
    cohortRoot: cohortRootOf(deps.sha256, members),
    cohort: members.length,
    unit: unitFor(spec.numeric, caps),
    deadlineMs: BigInt(deps.clock.nowMs() + spec.window.deadlineMs),
  };
  return { run, round, task, cohort };
}

/** `maxUncommitted` keeps the block that decides a cohort final before its round opens. */
async function beaconOf(
  { run, spec, specHash }: RunPlan,
  { round, voids }: Position,
  deps: RunDeps,
): Promise<Hash> {
  const decided = beaconRound(spec, round, voids);
  if (decided === undefined) return specHash;
  const block = await deps.ledger.committedIn(run, decided);
  if (block !== undefined) return block.hash;
  const reason = `no finalised block holds the commit of round ${decided}, which decides who is asked`;
  throw new TallyError('LEDGER_UNREACHABLE', { url: 'the chain', reason });
}

/** A chain that is behind what this run has seen of it is not ready: the pallet would refuse the round. */
function checkHeight(height: number, lastAtBlock: number): void {
  if (height >= lastAtBlock) return;
  const reason = `it is at block ${height}, below block ${lastAtBlock} of the last round`;
  throw new TallyError('LEDGER_UNREACHABLE', { url: 'the chain', reason });
}
