import {
  DECLINE,
  DeclineReason,
  ExclusionReason,
  recordHash,
  signRecord,
  TASK,
} from '@tallystick/record';
import { sha256 } from '@tallystick/kernel/node';
import { cohortRootOf } from '@tallystick/rounds';
import type { RoundDraft } from '../operator/round-draft.js';
import { flipped } from '../operator/tampered-bundle.js';
import {
  emptied,
  inFile,
  type LastRound,
  lastRoundAnew,
  ofFirstExcluded,
} from './last-round-anew.js';
import type { Manipulation } from './manipulation.js';
import { the } from './pick.js';

/** The round closed empty with another task: no receipt stands in the way. */
function withTask(draft: RoundDraft, change: Partial<RoundDraft['task']>): RoundDraft {
  const empty = emptied(draft);
  return { ...empty, task: { ...empty.task, ...change } };
}

const tasks: readonly LastRound[] = [
  {
    name: 'a deadline that had passed before the round',
    step: 'V2',
    record: inFile('task.bin', ' deadlineMs'),
    edit: (draft) => withTask(draft, { deadlineMs: draft.task.deadlineMs - 86_400_000n }),
  },
  {
    name: 'a task at a block of another chain',
    step: 'V2',
    record: inFile('task.bin', ' atHash'),
    edit: (draft) => withTask(draft, { atHash: flipped(draft.task.atHash) }),
  },
  {
    name: 'a task with another optimizer state',
    step: 'V2',
    record: inFile('task.bin', ' state'),
    edit: (draft) => {
      const { state } = draft.task;
      return { ...withTask(draft, { state: flipped(state) }), state };
    },
  },
  {
    name: 'another unit of weight',
    step: 'V7',
    record: () => 'unit',
    edit: (draft) => withTask(draft, { unit: draft.task.unit * 2n }),
  },
];

const cohorts: readonly LastRound[] = [
  {
    name: 'a member left out of the cohort',
    step: 'V5',
    record: inFile('cohort.bin'),
    edit: (draft) => emptied({ ...draft, members: draft.members.slice(1) }),
  },
  {
    name: 'a member’s cap raised',
    step: 'V5',
    record: inFile('cohort.bin'),
    edit: (draft) => {
      const first = the(draft.members[0]);
      const members = draft.members.with(0, { ...first, cap: first.cap + 1n });
      return emptied({ ...draft, members });
    },
  },
];

const answers: readonly LastRound[] = [
  {
    name: 'everybody excluded as declined, without declines',
    step: 'V4',
    record: inFile('declines.bin'),
    edit: (draft) => emptied(draft, ExclusionReason.declined),
  },
  {
    name: 'declines signed by the operator',
    step: 'V4',
    record: ofFirstExcluded('decline of node'),
    edit: (draft, { bundle }) => {
      const empty = emptied(draft, ExclusionReason.declined);
      const { chain, run, round } = draft.task;
      const members = { cohortRoot: cohortRootOf(sha256, draft.members) };
      const task = recordHash(sha256, TASK, { ...draft.task, ...members });
      const declines = draft.members.map(({ node }) => {
        const value = { chain, run, round, task, node, reason: DeclineReason.capacity };
        return { value, signature: signRecord(DECLINE, value, bundle.keys.coordinator).signature };
      });
      return { ...empty, declines };
    },
  },
  {
    name: 'a round closed empty although its receipts were promised',
    anchors: 'before the last result',
    step: 'V9',
    record: () => 'promise in ',
    edit: (draft) => emptied({ ...draft, closedAtMs: draft.task.deadlineMs }),
  },
  {
    name: 'a round closed empty before its deadline',
    step: 'V9',
    record: inFile('header.bin', ' closedAtMs'),
    edit: (draft) => emptied({ ...draft, closedAtMs: draft.task.deadlineMs - 5_000n }),
  },
  {
    name: 'a round closed empty after its result was sent',
    anchors: 'whole',
    step: 'V2',
    record: () => 'header in ',
    edit: (draft) => emptied(draft),
  },
];

/** The last round closed empty, which takes no node's signature: what still gives the operator away. */
export const REBUILT_EMPTY: readonly Manipulation[] = [...tasks, ...cohorts, ...answers].map(
  lastRoundAnew,
);
