import { ZERO_HASH } from '@tallystick/kernel';
import { type Exclude, ExclusionReason } from '@tallystick/record';
import type { NodeAnchor } from '../anchors.js';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual } from '../findings.js';
import { isVoid } from '@tallystick/rounds';
import { type History, roundOf } from '../history.js';
import { blockTimeMs } from '../state/chain-facts.js';

const REASONS: ReadonlySet<number> = new Set(Object.values(ExclusionReason));
/** Nothing that could be counted arrived. */
const WITHOUT_RECEIPT: ReadonlySet<number> = new Set([
  ExclusionReason.silent,
  ExclusionReason.pending,
  ExclusionReason.declined,
]);
/** A receipt arrived and is named. */
const WITH_RECEIPT: ReadonlySet<number> = new Set([
  ExclusionReason.malformed,
  ExclusionReason.outOfRange,
  ExclusionReason.badSignature,
  ExclusionReason.quorum,
]);
/** A timer may fire this much before its time. */
const TIMER_SLACK_MS = 1_000n;

/**
 * V9: exclusions as far as the evidence tells. Reasons are the protocol's and fit their receipts; nobody was given up
 * before the deadline; promises that nodes hold were kept. Whether a refused file was malformed shows only while
 * somebody keeps the file. Returns the number of exclusions.
 */
export function checkExclusions(history: History): number {
  let exclusions = 0;
  for (const evidence of history.rounds) {
    for (const exclusion of evidence.excluded) checkReason(history, evidence, exclusion);
    checkWindow(history, evidence);
    exclusions += evidence.excluded.length;
  }
  for (const log of history.anchors.logs) checkPromisesHeld(history, log);
  return exclusions;
}

function checkReason(
  { spec }: History,
  { round, leaves }: RoundEvidence,
  { node, receipt, reason }: Exclude,
): void {
  const place = { round, record: `exclusion of node ${node}`, by: 'coordinator' } as const;
  demand(REASONS.has(reason), place, 'a reason of the protocol', reason);
  if (WITHOUT_RECEIPT.has(reason)) demandEqual(ZERO_HASH, receipt, place);
  if (WITH_RECEIPT.has(reason)) demand(receipt !== ZERO_HASH, place, 'a receipt', 'none');
  const isPending = reason === ExclusionReason.pending && spec.asynchronous === undefined;
  demand(!isPending, place, 'this reason only in asynchronous rounds', 'it in a round of its own');
  const isCounting = reason === ExclusionReason.quorum && leaves.length > 0;
  demand(!isCounting, place, 'this reason only in an empty round', 'it in a round that counts');
}

/** Before its deadline a window closes only when everybody answered, or when enough did. */
function checkWindow({ spec }: History, evidence: RoundEvidence): void {
  const { round, header, leaves, excluded, cohort } = evidence;
  const { closedAtMs, deadlineMs } = header.value;
  const { max = cohort.length } = spec.window.count;
  const accepted = excluded.filter(({ reason }) => reason === ExclusionReason.quorum).length;
  const missing = excluded.find(
    ({ reason }) => reason !== ExclusionReason.quorum && reason !== ExclusionReason.declined,
  );
  if (missing === undefined || leaves.length + accepted >= max) return;
  const record = `${roundPath(round, 'header.bin')} closedAtMs`;
  const rule = `${deadlineMs} or later, because node ${missing.node} had not answered`;
  const isOver = closedAtMs + TIMER_SLACK_MS >= deadlineMs;
  demand(isOver, { round, record, by: 'coordinator' }, rule, closedAtMs);
}

/** A promise is kept when its receipt is a leaf of the round, counted or in a round that closed empty. */
function checkPromisesHeld(history: History, log: NodeAnchor): void {
  const nowMs = blockTimeMs(history.chain.stateAt(history.chain.head.number));
  for (const { round, node, receipt, dueMs } of log.promises) {
    if (isVoid(history.voids, round)) continue; // its promises fall with it
    const evidence = roundOf(history.rounds, round);
    const place = { round, record: `promise in ${log.name}`, by: 'coordinator' } as const;
    if (evidence === undefined) {
      demand(nowMs <= dueMs, place, `the round by ${dueMs}`, `none at ${nowMs}`);
      continue;
    }
    const own = [...evidence.leaves, ...evidence.excluded].find((leaf) => leaf.node === node);
    demandEqual(receipt, own?.receipt ?? 'no leaf', place);
  }
}
