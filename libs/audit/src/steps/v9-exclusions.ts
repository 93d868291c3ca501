import { ZERO_HASH } from '@tallystick/kernel';
import { type Exclude, ExclusionReason } from '@tallystick/record';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual } from '../findings.js';
import type { History } from '../history.js';

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
 * before the deadline. Whether a refused file was malformed shows only while
 * somebody keeps the file. Returns the number of exclusions.
 */
export function checkExclusions(history: History): number {
  let exclusions = 0;
  for (const evidence of history.rounds) {
    for (const exclusion of evidence.excluded) checkReason(history, evidence, exclusion);
    checkWindow(history, evidence);
    exclusions += evidence.excluded.length;
  }
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
