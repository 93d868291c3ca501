import type { AccountId, Hash, NodeId, PublicKey, RunId } from '@tallystick/kernel';

/** A node opens a session; signed by the node key. */
export interface Hello {
  /** Genesis block hash. */
  readonly chain: Hash;
  readonly node: NodeId;
  readonly keyEpoch: number;
  /** The coordinator key that the node pinned. */
  readonly coordinatorKey: PublicKey;
  /** 32 bytes as hex, from the challenge. */
  readonly serverNonce: string;
  /** 32 bytes as hex. */
  readonly clientNonce: string;
}

/** Proof of possession: `key` agrees to belong to `owner`; signed by `key`. */
export interface Pop {
  readonly chain: Hash;
  readonly owner: AccountId;
  readonly key: PublicKey;
}

/** Start of a run; its hash is `prev` of the first round. */
export interface Genesis {
  readonly chain: Hash;
  readonly run: RunId;
  /** Hash of the canonical run spec. */
  readonly spec: Hash;
  /** Id of the initial model. */
  readonly model: Hash;
}

/** Opens a round; signed by the coordinator key. */
export interface Task {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  /** Hash of the previous header, of Genesis in the first round. */
  readonly prev: Hash;
  readonly spec: Hash;
  /** Id of the model to train from. */
  readonly model: Hash;
  /** Hash of the server optimizer's state, zeros when there is none. */
  readonly state: Hash;
  /** Everything that depends on chain state is judged at this block. */
  readonly atBlock: number;
  readonly atHash: Hash;
  /** Plain tree over Member, sorted by node. */
  readonly cohortRoot: Hash;
  /** Members. */
  readonly cohort: number;
  /** A power of two: one unit of weight in examples (protocol.md §1.4). */
  readonly unit: bigint;
  readonly deadlineMs: bigint;
}

/** What a node says about its update; signed by the node key. */
export interface Receipt {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  readonly prev: Hash;
  readonly task: Hash;
  readonly node: NodeId;
  readonly keyEpoch: number;
  /** SHA-256 of the update file. */
  readonly update: Hash;
  readonly updateBytes: bigint;
  readonly numExamples: bigint;
  /** Nano-units, saturated; LOSS_NOT_MEASURED when there is none. */
  readonly lossBefore: bigint;
  /** Nano-units, saturated; LOSS_NOT_MEASURED when there is none. */
  readonly lossAfter: bigint;
  /** Hash of the policy in the node's consent, zeros until consents exist. */
  readonly policy: Hash;
  /** 16 bytes as hex: HMAC-SHA256(node secret, chain ‖ run ‖ round)[0..16]. */
  readonly salt: string;
}

/** A node refuses a task; signed by the node key. */
export interface Decline {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  readonly task: Hash;
  readonly node: NodeId;
  /** One of DeclineReason. */
  readonly reason: number;
}

/** The coordinator will commit this receipt before `dueMs`; signed by the coordinator key. */
export interface Promise {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  readonly node: NodeId;
  readonly receipt: Hash;
  readonly dueMs: bigint;
}

/** A node of the cohort. */
export interface Member {
  readonly node: NodeId;
  readonly keyEpoch: number;
  /** Largest numExamples that counts. */
  readonly cap: bigint;
}

/** An accepted update with its weight: leaf of the sum tree `contribRoot`. */
export interface Contrib {
  readonly node: NodeId;
  readonly keyEpoch: number;
  readonly receipt: Hash;
  readonly update: Hash;
  readonly numExamples: bigint;
  readonly weight: bigint;
}

/** A cohort node without a contribution: leaf of the plain tree `excludedRoot`. */
export interface Exclude {
  readonly node: NodeId;
  /** Zeros when no receipt arrived. */
  readonly receipt: Hash;
  /** One of ExclusionReason. */
  readonly reason: number;
}

/** Closes a round; signed by the coordinator key, committed on the chain. */
export interface Header {
  readonly chain: Hash;
  /** One of RoundMode. */
  readonly mode: number;
  readonly run: RunId;
  readonly round: number;
  readonly prev: Hash;
  readonly task: Hash;
  readonly atBlock: number;
  readonly modelBefore: Hash;
  readonly modelAfter: Hash;
  readonly stateAfter: Hash;
  /** Sum tree over Contrib, sorted by node; its total is `sumWeight`. */
  readonly contribRoot: Hash;
  readonly included: number;
  readonly sumWeight: bigint;
  /** Plain tree over Exclude, sorted by node. */
  readonly excludedRoot: Hash;
  readonly excluded: number;
  /** included + excluded. */
  readonly cohort: number;
  /** SHA-256 of the canonical JSON of the round's metrics. */
  readonly metrics: Hash;
  readonly deadlineMs: bigint;
  readonly closedAtMs: bigint;
}

/** Shares out the budget of some rounds; signed by the coordinator key. */
export interface Epoch {
  readonly chain: Hash;
  readonly run: RunId;
  readonly epoch: number;
  readonly prev: Hash;
  readonly firstRound: number;
  readonly lastRound: number;
  readonly lastHeader: Hash;
  /** Sum tree over Entitle, sorted by account; its total is `total`. */
  readonly entitleRoot: Hash;
  readonly accounts: number;
  readonly total: bigint;
}

/** The sheet that the shares of an epoch paid by contribution follow from; signed by the coordinator key. */
export interface Scores {
  readonly chain: Hash;
  readonly run: RunId;
  readonly epoch: number;
  /** Id of the sheet. */
  readonly sheet: Hash;
}

/** What an account may have drawn from a run by now. */
export interface Entitle {
  readonly account: AccountId;
  readonly cumulative: bigint;
}
