import type { Hash, NodeId, PublicKey, RunId, Signature } from '@tallystick/kernel';
import type { VoidSpan } from '../void-span.js';
import type { Header, Member, Promise as PromiseRecord, Receipt, Task } from '@tallystick/record';

/** A cohort node: its leaf of cohortRoot, and what its receipts are checked with. */
export interface CohortNode {
  readonly member: Member;
  readonly key: PublicKey;
  /** Of the node's consent, which its receipts carry; absent without one. */
  readonly policy?: Hash;
}

/** A round as it was opened; durable before the task is signed or offered. */
export interface OpenRound {
  readonly run: RunId;
  readonly round: number;
  readonly task: Task;
  /** Ascending by node. */
  readonly cohort: readonly CohortNode[];
}

/** An accepted update; durable before it counts and before the node hears of it. */
export interface ContributionRow {
  readonly node: NodeId;
  readonly receipt: Receipt;
  readonly receiptSignature: Signature;
  readonly weight: bigint;
  /** The promise as signed for this row: the same row gives the same promise after a crash. */
  readonly promise: PromiseRecord;
}

/** A signed refusal of a node to take part in this round. */
export interface DeclineRow {
  readonly node: NodeId;
  readonly reason: number;
  /** hex of SCALE ‖ signature. */
  readonly wire: string;
  /** Why, in the node's words: unsigned, for people, gone after a restart. */
  readonly told?: DeclineText;
}

/** An error code and its text, as a node sends them. */
export interface DeclineText {
  readonly code: string;
  readonly message: string;
}

/** A cohort node that is not in the round, with the protocol's reason 1–10. */
export interface ExclusionRow {
  readonly node: NodeId;
  readonly receipt: Hash;
  readonly reason: number;
}

/** What closing a round makes durable in one transaction, the outbox row included. */
export interface CloseRound {
  readonly run: RunId;
  readonly round: number;
  readonly header: Header;
  readonly headerHash: Hash;
  readonly exclusions: readonly ExclusionRow[];
  /** Canonical JSON behind header.metrics. */
  readonly metrics: string;
  /** Empty rounds carry the reason shown to people. */
  readonly emptyReason?: string;
}

/** A round that was open when the coordinator stopped. */
export interface ResumableRound extends OpenRound {
  readonly contributions: readonly ContributionRow[];
  readonly declines: readonly DeclineRow[];
}

/** A closed round with everything it took, counted or not. */
export interface PastRound extends OpenRound {
  readonly contributions: readonly ContributionRow[];
}

/** Where a run stands, rebuilt from durable rows alone. */
export interface RunState {
  /** Numbers that do not count; no other field has anything of them. */
  readonly voids: readonly VoidSpan[];
  /** Closed rounds that count, ascending. */
  readonly headers: readonly Header[];
  /** Canonical JSON behind the metrics of each header. */
  readonly metrics: readonly string[];
  /** Contributions of the newest of them, so that its results can be sent again; empty when there is none. */
  readonly last: readonly ContributionRow[];
  /** The newest of them whole, ascending: as many as were asked for, or all. */
  readonly recent: readonly PastRound[];
  /** The round that was open, if any. */
  readonly open?: ResumableRound;
}

/**
 * Durable memory of rounds. Each method resolves after the commit of its one transaction. A write rejects with ROUND_FENCED,
 * and stores nothing, when another coordinator has taken the run over, and with ROUND_VOID when the chain has voided the
 * number; nothing that was not stored may be signed.
 */
export interface RoundJournal {
  /** @param recent how many closed rounds to give whole; none when absent. */
  load(run: RunId, recent?: number): Promise<RunState>;
  open(round: OpenRound): Promise<void>;
  /** All rows or none. Unique (run, round, node): a second row of a node rejects with ROUND_DUPLICATE. */
  append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void>;
  decline(run: RunId, round: number, row: DeclineRow): Promise<void>;
  close(closed: CloseRound): Promise<void>;
}
