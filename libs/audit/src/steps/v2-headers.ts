import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import { SUM_WEIGHT_LIMIT } from '@tallystick/aggregation';
import { HEADER, type Header, recordHash, type Task, TASK } from '@tallystick/record';
import { advance, modeOf, type Position, startOf } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual, type Place } from '../findings.js';
import type { History } from '../history.js';
import { blockTimeMs } from '../state/chain-facts.js';
import { readRound } from '../state/stored-run.js';
import { coordinatorKey, demandSigned } from './signed-by.js';

/** How far the coordinator's clock and the chain's may differ; the pallet refuses a header that is further ahead. */
const MAX_CLOCK_LEAD_MS = 60_000n;

/**
 * V2: the header chain from the genesis model to the head that the chain holds, each header with its task; gaps only
 * where the chain says void. Returns the number of headers.
 */
export function checkHeaders(history: History): number {
  const { runId, chain, spec, specHash, genesisModel, run } = history;
  const plan = { chain: chain.genesis, run: runId, spec, specHash, genesisModel: genesisModel.id };
  let position = startOf(sha256, plan, history.voids);
  for (const evidence of history.rounds) {
    checkNotOver(history, position);
    checkTask(history, evidence, position);
    checkHeader(history, evidence, position);
    checkCommitted(history, evidence);
    position = advance(sha256, position, evidence.header.value);
  }
  const where = { by: 'chain operator' } as const;
  demandEqual(position.prev, run.head, { ...where, record: 'head of the run on the chain' });
  demandEqual(position.model, run.model, { ...where, record: 'model of the run on the chain' });
  demandEqual(position.state, run.state, { ...where, record: 'state of the run on the chain' });
  return history.rounds.length;
}

/** A run ends with its last round that counts, or after too many empty ones. */
function checkNotOver({ spec }: History, { round, nonEmpty, emptyInRow }: Position): void {
  const isOver = nonEmpty >= spec.rounds || emptyInRow >= spec.maxEmptyRounds;
  const place = { round, record: roundPath(round, 'task.bin'), by: 'coordinator' } as const;
  demand(!isOver, place, 'no round after the end of the run', `round ${round}`);
}

/** Fields that `expected` fixes; the first one that differs is the finding. */
function demandFields<T>(record: T, expected: Partial<T>, place: Place): void {
  for (const [field, value] of Object.entries(expected)) {
    const found = record[field as keyof T]; // a key of Partial<T>
    demandEqual(String(value), String(found), { ...place, record: `${place.record} ${field}` });
  }
}

function checkTask(history: History, evidence: RoundEvidence, position: Position): void {
  const { round } = evidence;
  const { value: task } = evidence.task;
  const place = { round, record: roundPath(round, 'task.bin'), by: 'coordinator' } as const;
  const key = coordinatorKey(history, round);
  demandSigned(TASK, evidence.task, key, { ...place, by: 'holder of the files' });
  const { runId: run, chain, specHash: spec } = history;
  const { prev, model, state } = position;
  // a good task in the place of another one was put there by whoever holds the files
  const isCovered = evidence.header.value.task === recordHash(sha256, TASK, task);
  const placed = isCovered ? place : { ...place, by: 'holder of the files' as const };
  demandFields<Task>(task, { chain: chain.genesis, run, round: position.round }, placed);
  demandFields<Task>(task, { prev, spec, model, state }, place);
  checkAtBlock(history, task, position, place);
  checkDeadline(history, evidence, place);
}

/** The block a task is judged at: on this chain, not below the last round's, below its commit and not too old. */
function checkAtBlock(history: History, task: Task, position: Position, place: Place): void {
  const { atBlock, atHash, round } = task;
  const committedAt = history.commits.get(round) ?? 0;
  const oldest = Math.max(position.lastAtBlock, committedAt - history.run.maxTaskAgeBlocks);
  const block = { ...place, record: `${place.record} atBlock` };
  const isInRange = oldest <= atBlock && atBlock < committedAt;
  demand(isInRange, block, `a block from ${oldest} to before ${committedAt}`, atBlock);
  const hash = history.chain.hashOf(atBlock) ?? 'no such block';
  demandEqual(hash, atHash, { ...place, record: `${place.record} atHash` });
}

/** The window is the spec's: it opened after the task's block and before the round closed, within the clocks' lead. */
function checkDeadline(history: History, evidence: RoundEvidence, place: Place): void {
  const { atBlock, deadlineMs } = evidence.task.value;
  const { closedAtMs } = evidence.header.value;
  const openedAtMs = deadlineMs - BigInt(history.spec.window.deadlineMs);
  const earliest = blockTimeMs(history.chain.stateAt(atBlock)) - MAX_CLOCK_LEAD_MS;
  const latest = closedAtMs + MAX_CLOCK_LEAD_MS;
  const isInRange = earliest <= openedAtMs && openedAtMs <= latest;
  const deadline = { ...place, record: `${place.record} deadlineMs` };
  const rule = `a window that opened from ${earliest} to ${latest}`;
  demand(isInRange, deadline, rule, `one that opened at ${openedAtMs}`);
}

function checkHeader(history: History, evidence: RoundEvidence, position: Position): void {
  const { round } = evidence;
  const { value: header } = evidence.header;
  const { value: task } = evidence.task;
  const place = { round, record: roundPath(round, 'header.bin'), by: 'coordinator' } as const;
  const key = coordinatorKey(history, round);
  demandSigned(HEADER, evidence.header, key, { ...place, by: 'holder of the files' });
  // the chain holds no header of another place
  const identity = { chain: history.chain.genesis, run: history.runId, round: position.round };
  demandFields<Header>(header, identity, { ...place, by: 'holder of the files' });
  demandFields<Header>(
    header,
    {
      mode: modeOf(history.spec),
      prev: position.prev,
      task: recordHash(sha256, TASK, task),
      atBlock: task.atBlock,
      modelBefore: position.model,
      cohort: task.cohort,
      deadlineMs: task.deadlineMs,
    },
    place,
  );
  const closedAt = { ...place, record: `${place.record} closedAtMs` };
  const { closedAtMs } = header;
  const { lastClosedAtMs } = position;
  demand(closedAtMs >= lastClosedAtMs, closedAt, `at least ${lastClosedAtMs}`, closedAtMs);
  checkCounts(history, header, place);
}

/** Counts and sums within their limits; an empty round counts nothing and changes nothing. */
function checkCounts({ spec }: History, header: Header, place: Place): void {
  const { included, excluded, cohort, sumWeight } = header;
  const { min, max } = spec.window.count;
  demandEqual(cohort, included + excluded, { ...place, record: `${place.record} cohort` });
  const isEmpty = included === 0;
  const most = Math.min(max ?? cohort, cohort);
  const count = { ...place, record: `${place.record} included` };
  demand(
    isEmpty || (min <= included && included <= most),
    count,
    `0, or ${min} to ${most}`,
    included,
  );
  const weight = { ...place, record: `${place.record} sumWeight` };
  const isInRange = BigInt(included) <= sumWeight && sumWeight < SUM_WEIGHT_LIMIT;
  const rule = `${included} to ${SUM_WEIGHT_LIMIT - 1n}`;
  demand(isEmpty ? sumWeight === 0n : isInRange, weight, isEmpty ? '0' : rule, sumWeight);
  if (isEmpty) demandFields<Header>(header, { contribRoot: ZERO_HASH }, place);
}

/** The header is the one that the chain holds, and was not closed long after its commit. */
function checkCommitted({ chain, runId }: History, { round, header }: RoundEvidence): void {
  const { value } = header;
  const stored = readRound(chain.stateAt(chain.head.number), runId, round);
  const place = { round, record: 'header committed on the chain', by: 'coordinator' } as const;
  demand(stored !== undefined, place, 'a committed round', 'none');
  demandEqual(stored.header, headerHash(value), place);
  demand(!stored.isVoid, place, 'a round that counts', 'a void one');
  const latest = stored.committedAtMs + MAX_CLOCK_LEAD_MS;
  const closedAt = { ...place, record: `${roundPath(round, 'header.bin')} closedAtMs` };
  demand(value.closedAtMs <= latest, closedAt, `at most ${latest}`, value.closedAtMs);
}

export function headerHash(header: Header): Hash {
  return recordHash(sha256, HEADER, header);
}
