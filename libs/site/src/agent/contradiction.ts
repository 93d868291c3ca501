import type { ErrorCode, Hash, RunId } from '@tallystick/kernel';
import { TallyError } from '@tallystick/kernel';
import type { EvidenceRecords, ShownExclusion, ShownLeaf } from '../evidence/evidence-file.js';
import type { FaultKind } from '../evidence/fault-kind.js';
import type { LineOf } from '../log/log-line.js';
import type { ReceiptLog } from '../log/receipt-log.js';

/** A round cannot fill the log with evidence; the first records already prove the fault. */
const MAX_EVIDENCE_PER_ROUND = 16;
const MAX_DETAIL = 1024;

/** The codes that evidence lines carry. */
export type EvidenceCode = Extract<
  ErrorCode,
  | 'ROUND_ALREADY_SIGNED'
  | 'ROUND_PREV_UNKNOWN'
  | 'ROUND_TASK_INVALID'
  | 'ROUND_HEADER_DIFFERS'
  | 'ROUND_PROMISE_BROKEN'
  | 'ROUND_PROMISE_WITHHELD'
  | 'ROUND_INCLUSION_INVALID'
  | 'ROUND_EXCLUSION_FALSE'
>;

/** What stands beside the signed records of a fault. */
export interface Exhibits {
  readonly leaves?: readonly ShownLeaf[];
  readonly exclusion?: ShownExclusion;
  /** Hash of the header that the chain holds. */
  readonly anchored?: Hash;
}

/** Signed records of the coordinator that cannot all be true. */
export interface Contradiction {
  readonly code: EvidenceCode;
  readonly kind: FaultKind;
  readonly run: RunId;
  readonly round: number;
  readonly reason: string;
  /** At most four, wire form. */
  readonly records: EvidenceRecords;
  readonly exhibits?: Exhibits;
}

/** Thrown where a contradiction ends the work at hand; whoever catches it keeps the evidence. */
export class ContradictionError extends TallyError {
  readonly contradiction: Contradiction;

  constructor(contradiction: Contradiction, node = 0) {
    const { code, run, round, reason } = contradiction;
    super(code, { run, round, reason, node });
    this.contradiction = contradiction;
  }
}

/** The evidence line of a fault; undefined when the log holds it already, or enough of its round. */
export function evidenceLine(
  log: ReceiptLog,
  { code, run, round, reason, records }: Contradiction,
): LineOf<'evidence'> | undefined {
  const held = log.round(run, round)?.evidence ?? [];
  const wires = Object.values(records).filter((wire) => wire !== undefined);
  const isKnown = held.some((other) => other.code === code && other.wires.join() === wires.join());
  if (isKnown || held.length >= MAX_EVIDENCE_PER_ROUND) return undefined;
  return { type: 'evidence', run, round, code, detail: reason.slice(0, MAX_DETAIL), wires };
}
