import type { AccountId, Hash, NodeId, RunId } from '@tallystick/kernel';
import type {
  Contrib,
  Member,
  Promise as PromiseRecord,
  Receipt,
  Signed,
  SumNode,
  Task,
} from '@tallystick/record';

/** What somebody asks to see of a committed round. */
export type DemandSubject =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'promise'; readonly promise: Signed<PromiseRecord> };

/** A demand, a dispute or a halt, its last argument as hex of its SCALE. */
export type FiledCall =
  | {
      readonly call: 'demand';
      readonly run: RunId;
      readonly round: number;
      /** `Subject` of the pallet. */
      readonly bytes: string;
    }
  | {
      readonly call: 'dispute';
      /** `Fault` of the pallet. */
      readonly bytes: string;
    }
  | {
      readonly call: 'halt';
      readonly run: RunId;
      /** `Ground` of the pallet. */
      readonly bytes: string;
    };

/** A demand that waits for its answer. */
export interface OpenDemand {
  readonly run: RunId;
  readonly round: number;
  /** Its number in the run. */
  readonly demand: number;
  readonly challenger: AccountId;
  readonly wanted:
    | { readonly kind: 'leaf'; readonly index: number }
    | { readonly kind: 'receipt'; readonly node: NodeId; readonly receipt: Hash };
  /** The chain's time after which anybody may have the round voided. */
  readonly deadlineMs: bigint;
}

/** What the coordinator shows; none is larger than 2 KB, whatever the size of the round. */
export type DemandAnswer =
  | {
      readonly kind: 'leaf';
      readonly task: Task;
      readonly leaf: Contrib;
      readonly proof: readonly SumNode[];
      readonly receipt: Signed<Receipt>;
      readonly member: Member;
      readonly memberIndex: number;
      readonly memberProof: readonly Hash[];
    }
  | {
      readonly kind: 'counted';
      readonly index: number;
      readonly leaf: Contrib;
      readonly proof: readonly SumNode[];
    }
  | { readonly kind: 'quorum'; readonly index: number; readonly proof: readonly Hash[] };

/** Demands on committed rounds. */
export interface DemandLedger {
  /** Demands that nobody has answered, at the newest finalised block, of one run (at most 16) or of all. */
  openDemands(run?: RunId): Promise<readonly OpenDemand[]>;
  /** Resolves when the chain took the answer. Rejects with LEDGER_REFUSED when it is not right or came too late. */
  answerDemand(demand: OpenDemand, answer: DemandAnswer): Promise<void>;
}
