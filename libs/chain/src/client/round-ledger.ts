import type {
  AccountId,
  Hash,
  NodeId,
  OrganisationId,
  PublicKey,
  RunId,
  Signature,
} from '@tallystick/kernel';
import type { Header } from '@tallystick/record';
import type { BlockRef, LedgerView, VoidSpan } from '@tallystick/rounds';
import type { DemandLedger } from './demand-ledger.js';
import type { PayLedger, PayoutTerms } from './pay-ledger.js';

/** Windows of a run, milliseconds of the chain's timestamp; blocks for the age of a task. */
export interface RunWindows {
  readonly challengeMs: bigint;
  readonly settleMs: bigint;
  readonly haltMs: bigint;
  readonly maxTaskAgeBlocks: number;
}

/** How examples become a weight (protocol.md §1.4); the cap is the run spec's. */
export interface RunWeighting {
  readonly kind: 'examples' | 'equal';
  readonly cap: bigint;
}

/** A run as a researcher proposes it; the pot is held until the run is closed. */
export interface NewRun {
  readonly spec: Hash;
  readonly model: Hash;
  readonly minNodes: number;
  readonly windows: RunWindows;
  readonly weighting: RunWeighting;
  /** The number of the purpose's DUO code. */
  readonly purpose: number;
  /** A node whose owner said nothing takes no part. */
  readonly consentRequired: boolean;
  readonly payout: PayoutTerms;
  /** Smallest amounts, not units. */
  readonly pot: bigint;
}

/** A node's registration as its owner signs it. */
export interface Registration {
  readonly owner: AccountId;
  readonly organisation: OrganisationId;
  readonly key: PublicKey;
  /** Proof of possession by `key` (record `pop`). */
  readonly proof: Signature;
}

/** What the owner of a node has the chain do with it. */
export type OwnerCall =
  /** `proof` as in a registration, by the new key. */
  | {
      readonly kind: 'rotateKey';
      readonly node: NodeId;
      readonly key: PublicKey;
      readonly proof: Signature;
    }
  | { readonly kind: 'revoke'; readonly node: NodeId };

/** What an owner has to sign, and what must come back with the signature, untouched. */
export interface PreparedCall {
  /** Hex of the exact bytes to sign; they begin with the call. */
  readonly payload: string;
  /** Opaque to the owner. */
  readonly context: string;
}

/** A header with the coordinator key's signature over it. */
export interface SignedCommit {
  readonly header: Header;
  readonly signature: Signature;
}

/** A transaction that is stored before it is sent, so that resending it cannot commit anything twice. */
export interface PreparedCommit {
  readonly nonce: number;
  /** Last block that may include it. */
  readonly lastBlock: number;
  /** Hex of the signed extrinsic. */
  readonly bytes: string;
  /** Hash of the extrinsic. */
  readonly hash: Hash;
}

/** What became of a transaction, judged by finalised blocks alone. */
export type CommitOutcome =
  /** Not in a finalised block yet. */
  | { readonly kind: 'waiting' }
  /** Its era is over and no finalised block holds it: sign it again. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'final'; readonly block: BlockRef }
  | { readonly kind: 'refused'; readonly block: BlockRef; readonly reason: string };

/** A committed round as the chain keeps it. */
export interface AnchoredRound {
  readonly header: Hash;
  readonly contribRoot: Hash;
  readonly included: number;
  readonly sumWeight: bigint;
  readonly committedAtMs: bigint;
  readonly status: 'committed' | 'void';
  /** Nothing can void it any more. */
  readonly isFinal: boolean;
}

/** The chain as the coordinator uses it. Every write resolves when it is in a finalised block, or rejects. */
export interface RoundLedger extends LedgerView, PayLedger, DemandLedger {
  registerOrganisation(payout: AccountId): Promise<OrganisationId>;
  /** Bytes for the owner to sign; the account is funded first so that it can pay the fee. */
  prepareRegistration(registration: Registration): Promise<PreparedCall>;
  /** The same registration again, after a crash that lost the answer, gives the node that it made. */
  completeRegistration(
    registration: Registration,
    signed: { readonly context: string; readonly signature: Signature },
  ): Promise<NodeId>;
  /** Bytes for the owner to sign, who pays the fee: nobody else's money moves for whoever asks. */
  prepareOwnerCall(owner: AccountId, call: OwnerCall): Promise<PreparedCall>;
  /** Rejects with LEDGER_REFUSED when the account does not own the node, or the signature is not its own. */
  completeOwnerCall(
    owner: AccountId,
    call: OwnerCall,
    signed: { readonly context: string; readonly signature: Signature },
  ): Promise<void>;
  admitNode(node: NodeId, cap: bigint): Promise<void>;
  revokeNode(node: NodeId): Promise<void>;
  createRun(run: NewRun): Promise<RunId>;
  acceptRun(run: RunId, key: PublicKey, proof: Signature): Promise<void>;
  /** From the run's next round on `key` signs; refused until the key before it has had a round. */
  replaceCoordinatorKey(run: RunId, key: PublicKey, proof: Signature): Promise<void>;
  /** Refunds what is not allotted; refused while anything is pending. Only for runs of this deployment's treasury. */
  closeRun(run: RunId): Promise<void>;
  round(run: RunId, round: number): Promise<AnchoredRound | undefined>;
  /** The numbers that do not count, of every run that has any; at the newest finalised block. */
  voids(): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>>;
  /** The account that proposes runs and holds their pots. */
  treasuryAccount(): AccountId;
  /** The account that accepts runs and commits rounds: `owner` in its proof of possession. */
  coordinatorAccount(): AccountId;
  /** Signs one transaction for these rounds, ascending; a batch that fails as a whole when there are several. */
  prepareCommit(rounds: readonly SignedCommit[]): Promise<PreparedCommit>;
  /** Sending the same bytes again is harmless. Rejects with LEDGER_UNREACHABLE only. */
  submitCommit(commit: PreparedCommit): Promise<void>;
  commitOutcome(commit: PreparedCommit): Promise<CommitOutcome>;
  /** Forgets nonces handed out but never used, e.g. after an expired transaction. */
  resetNonces(): Promise<void>;
  close(): Promise<void>;
}
