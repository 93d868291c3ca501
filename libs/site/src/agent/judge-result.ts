import type { Sha256 } from '@tallystick/kernel';
import type { Header, Task } from '@tallystick/record';
import type { RoundMemory } from '../log/log-memory.js';
import type { Contradiction } from './contradiction.js';
import { type Inclusion, inclusionFault, type OwnContribution } from './inclusion.js';

/** A closed round as this site can judge it. */
export interface ResultFacts {
  readonly header: Header;
  readonly headerWire: string;
  readonly memory: RoundMemory | undefined;
  /** The task of this round, when this site was asked. */
  readonly task: Task | undefined;
  /** This site's receipt that the round counts or was to count, and the rule for its weight. */
  readonly own: OwnContribution | undefined;
  /** `absent`: the leaves of the round were looked at and do not hold it. */
  readonly inclusion: Inclusion | 'absent' | 'unknown';
}

/** Fields that a header repeats from its task. */
function taskMismatch(header: Header, task: Task, memory: RoundMemory): string | undefined {
  if (memory.task?.hash !== header.task) return 'it closes another task than this site was given';
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['atBlock', header.atBlock, task.atBlock],
    ['modelBefore', header.modelBefore, task.model],
    ['cohort', header.cohort, task.cohort],
    ['deadlineMs', header.deadlineMs, task.deadlineMs],
  ];
  const wrong = pairs.find(([, got, want]) => got !== want);
  return wrong && `${wrong[0]} is ${String(wrong[1])}, in its task ${String(wrong[2])}`;
}

/** Everything in a signed, continuing header that contradicts what this site holds. Pure. */
export function judgeResult(sha256: Sha256, facts: ResultFacts): readonly Contradiction[] {
  const { header, headerWire, memory, task, own, inclusion } = facts;
  const at = { run: header.run, round: header.round };
  const found: Contradiction[] = [];
  if (memory?.task !== undefined && task !== undefined) {
    const reason = taskMismatch(header, task, memory);
    const wires = [memory.task.wire, headerWire];
    if (reason !== undefined) found.push({ ...at, code: 'ROUND_HEADER_DIFFERS', reason, wires });
  }
  if (own === undefined) return found;
  const records = [own.wire, ...(memory?.promise ? [memory.promise.wire] : [])];
  const wires = [...records, headerWire];
  if (typeof inclusion !== 'string') {
    const reason = inclusionFault(sha256, header, own, inclusion);
    if (reason !== undefined) found.push({ ...at, code: 'ROUND_INCLUSION_INVALID', reason, wires });
    return found;
  }
  // An empty round includes nobody: its promises fall with it (ExclusionReason.quorum).
  if (memory?.promise === undefined || header.included === 0) return found;
  const reason =
    inclusion === 'absent'
      ? 'the leaves of contribRoot do not hold the promised receipt'
      : 'no proof of inclusion was shown for the promised receipt';
  return [...found, { ...at, code: 'ROUND_PROMISE_BROKEN', reason, wires }];
}
