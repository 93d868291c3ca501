import { CATALOGUE } from '@tallystick/kernel';
import type { SiteTask } from '@tallystick/protocol';
import type { TaskChange } from './task-change.js';

const MAX_MESSAGE = 2_000;

/**
 * A task after `change`; the same when the change is not about it, undefined when none is remembered. A second task of one
 * round does not take the first one's place: it is a fault of the coordinator, and stands among the evidence. Pure.
 */
export function nextTask(
  before: SiteTask | undefined,
  change: TaskChange,
  nowMs: number,
): SiteTask | undefined {
  if (before === undefined) return change.kind === 'asked' ? firstOf(change, nowMs) : undefined;
  if ('task' in change && change.task !== before.task) return before;
  const after = { ...before, changedAtMs: nowMs, stage: null };
  switch (change.kind) {
    case 'asked':
      return before;
    case 'read':
      return { ...before, ask: change.ask };
    case 'stage':
      return { ...after, state: 'working', stage: change.stage };
    case 'signed':
      return { ...after, state: 'signed', sent: { ...change.sent, signedAtMs: nowMs } };
    case 'promised':
      return { ...after, state: 'promised' };
    case 'closed':
      return before.sent === null
        ? before
        : { ...after, state: change.isCounted ? 'counted' : 'uncounted' };
    case 'declined':
    case 'refused': {
      const { kind, code } = change;
      const message = change.message.slice(0, MAX_MESSAGE);
      return { ...after, state: kind, reason: { code, message, hint: CATALOGUE[code].hint } };
    }
  }
}

function firstOf(
  { run, round, task, cohort }: Extract<TaskChange, { kind: 'asked' }>,
  nowMs: number,
): SiteTask {
  const at = { askedAtMs: nowMs, changedAtMs: nowMs };
  const open = { state: 'asked', stage: null, ask: null, sent: null, reason: null } as const;
  return { run, round, task, cohort, ...at, ...open };
}
