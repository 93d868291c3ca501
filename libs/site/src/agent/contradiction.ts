import type { ErrorCode, RunId } from '@tallystick/kernel';
import { TallyError } from '@tallystick/kernel';
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
  | 'ROUND_INCLUSION_INVALID'
>;

/** Signed records of the coordinator that cannot all be true. */
export interface Contradiction {
  readonly code: EvidenceCode;
  readonly run: RunId;
  readonly round: number;
  readonly reason: string;
  /** The records, wire form. */
  readonly wires: readonly string[];
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

/** The evidence lines of `found` that the log does not hold yet. */
export function evidenceLines(
  log: ReceiptLog,
  found: readonly Contradiction[],
): readonly LineOf<'evidence'>[] {
  return found.flatMap(({ code, run, round, reason, wires }) => {
    const held = log.round(run, round)?.evidence ?? [];
    const line: LineOf<'evidence'> = {
      type: 'evidence',
      run,
      round,
      code,
      detail: reason.slice(0, MAX_DETAIL),
      wires: [...wires],
    };
    const isKnown = held.some(
      (other) => other.code === code && other.wires.join() === line.wires.join(),
    );
    return isKnown || held.length >= MAX_EVIDENCE_PER_ROUND ? [] : [line];
  });
}
