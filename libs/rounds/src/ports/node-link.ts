import type { Hash, NodeId } from '@tallystick/kernel';
import type { Header, Member, SumNode, Task } from '@tallystick/record';

/** A signed record as it travels: the value, its exact bytes and the signature. */
export interface SignedTask {
  readonly task: Task;
  /** hex of SCALE ‖ signature (protocol.md, preamble). */
  readonly wire: string;
}
export interface SignedHeader {
  readonly header: Header;
  /** hex of SCALE ‖ signature. */
  readonly wire: string;
}

/** What a node is asked to do. */
export interface Offer {
  readonly task: SignedTask;
  readonly taskHash: Hash;
  /** The cohort list behind task.cohortRoot, ascending by node. */
  readonly cohort: readonly Member[];
  /** The newest signed headers before this round, ascending; at most 16. Older ones by REST. */
  readonly headers: readonly string[];
}

/** What a node learns when a round has closed. */
export interface RoundResult {
  readonly header: SignedHeader;
  /** This node's leaf, position and sum-tree proof; absent when it is not included. */
  readonly inclusion?: {
    readonly index: number;
    readonly weight: bigint;
    readonly proof: readonly SumNode[];
  };
  /** The task of the round, when it counts a receipt for an earlier one. */
  readonly task?: SignedTask;
}

/** The way to the nodes. Sending is best effort: a node that is away is offered again when it connects. */
export interface NodeLink {
  offer(node: NodeId, offer: Offer): void;
  result(node: NodeId, result: RoundResult): void;
  /** Forget what is pending for this node (the round closed or the run ended). */
  drop(node: NodeId, run: number, round: number): void;
}
