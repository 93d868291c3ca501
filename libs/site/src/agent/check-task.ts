import { type NodeId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { Member, Task } from '@tallystick/record';
import { cohortRootOf, unitFor } from '@tallystick/rounds';

/** This node's leaf of the cohort behind `task`; throws ROUND_TASK_INVALID, ROUND_NOT_MEMBER or ROUND_NEW_KEY. */
export function ownMember(
  sha256: Sha256,
  task: Task,
  cohort: readonly Member[],
  own: { readonly node: NodeId; readonly keyEpoch: number },
): Member {
  const invalid = (reason: string): TallyError =>
    new TallyError('ROUND_TASK_INVALID', { run: task.run, round: task.round, reason });
  if (cohort.length !== task.cohort) {
    throw invalid(`it counts ${task.cohort} members, the list has ${cohort.length}`);
  }
  if (cohort.some(({ node }, i) => i > 0 && node <= (cohort[i - 1]?.node ?? 0))) {
    throw invalid('the members do not ascend by node');
  }
  if (cohortRootOf(sha256, cohort) !== task.cohortRoot) {
    throw invalid('the list of members does not hash to its cohortRoot');
  }
  const member = cohort.find(({ node }) => node === own.node);
  if (member === undefined) {
    throw new TallyError('ROUND_NOT_MEMBER', { node: own.node, run: task.run, round: task.round });
  }
  if (member.keyEpoch > own.keyEpoch) {
    const epochs = { asked: member.keyEpoch, own: own.keyEpoch };
    throw new TallyError('ROUND_NEW_KEY', { run: task.run, round: task.round, ...epochs });
  }
  if (member.keyEpoch !== own.keyEpoch) {
    throw invalid(`it names key epoch ${member.keyEpoch}, this site signs with ${own.keyEpoch}`);
  }
  return member;
}

/** Why the numbers of the task do not follow from spec and cohort (protocol.md §1.4). */
export function weightRuleFault(
  task: Task,
  cohort: readonly Member[],
  spec: RunSpec,
): string | undefined {
  const caps = cohort.map(({ cap }) => cap);
  const specCap = BigInt(spec.numeric.cap);
  const above = caps.find((cap) => cap > specCap);
  if (above !== undefined) return `a member has cap ${above}, the spec allows ${specCap}`;
  const unit = unitFor(spec.numeric, caps);
  return task.unit === unit ? undefined : `unit is ${task.unit}, by the rule ${unit}`;
}
