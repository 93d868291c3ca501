import type {
  AccountId,
  Hash,
  NodeId,
  OrganisationId,
  PublicKey,
  RunId,
  Signature,
} from '@tallystick/kernel';
import type { Contrib, Entitle, Epoch, SumNode } from '@tallystick/record';
import type { PreparedCommit } from './round-ledger.js';

/** What epochs are shared by, how long they are and what each pays (pallet `Payout`). */
export interface PayoutTerms {
  readonly policy: 'weight' | 'equal' | 'contribution';
  /** Non-empty rounds of an epoch. */
  readonly epochRounds: number;
  /** Smallest amounts that an epoch pays; 0 for a run that does not pay. */
  readonly epochBudget: bigint;
  readonly capPpm: number;
}

/** A coordinator key and the first round it signs. */
export interface CoordinatorKey {
  readonly fromRound: number;
  readonly key: PublicKey;
}

/** The key that signs `round`; undefined before a coordinator accepted. @param keys by ascending `fromRound` */
export function keyInForce(keys: readonly CoordinatorKey[], round: number): PublicKey | undefined {
  return keys.findLast(({ fromRound }) => fromRound <= round)?.key;
}

/** What the chain keeps of a run besides its rounds. Amounts are smallest amounts. */
export interface ChainRun {
  readonly owner: AccountId;
  readonly coordinator: AccountId;
  /** By ascending `fromRound`; empty until the coordinator accepted. */
  readonly coordinatorKeys: readonly CoordinatorKey[];
  readonly spec: Hash;
  readonly genesisModel: Hash;
  readonly status: 'proposed' | 'open' | 'halted' | 'closed';
  readonly payout: PayoutTerms;
  readonly funded: bigint;
  readonly allotted: bigint;
  readonly paid: bigint;
  /** Number of the next epoch. */
  readonly epoch: number;
  /** Hash of the newest settled epoch's record; zeros before the first. */
  readonly epochHead: Hash;
  /** The first round that no epoch covers. */
  readonly settledRounds: number;
  readonly nextRound: number;
  readonly challengeMs: bigint;
}

/** A settled epoch as the chain keeps it. */
export interface AnchoredEpoch {
  readonly record: Hash;
  readonly root: Hash;
  readonly accounts: number;
  readonly total: bigint;
  readonly firstRound: number;
  readonly lastRound: number;
  readonly settledAtMs: bigint;
  readonly status: 'settled' | 'objected' | 'void';
}

/** An epoch's record with the coordinator key's signature over it. */
export interface SignedEpoch {
  readonly record: Epoch;
  readonly signature: Signature;
}

/** Where the pay of a node goes. */
export interface Payee {
  readonly organisation: OrganisationId;
  readonly account: AccountId;
}

/** An entitlement with its path to the root of a settled epoch. */
export interface EntitlementClaim {
  readonly index: number;
  readonly leaf: Entitle;
  readonly proof: readonly SumNode[];
}

/** What a tree of entitlements says of an account: its leaf, or that it is not between two that touch. */
export type Standing =
  | { readonly kind: 'entitled'; readonly claim: EntitlementClaim }
  | {
      readonly kind: 'absent';
      /** Undefined at an edge of the tree. */
      readonly left: EntitlementClaim | undefined;
      readonly right: EntitlementClaim | undefined;
    };

/** A contribution to a round with its path to the round's root. */
export interface ShownContribution {
  readonly round: number;
  readonly index: number;
  readonly leaf: Contrib;
  readonly proof: readonly SumNode[];
}

/** What a settlement is accused of; decided in the call. */
export type PayFault =
  | {
      /** An account got less than before, or another part than its contributions give. */
      readonly kind: 'share';
      readonly run: RunId;
      readonly epoch: number;
      readonly account: AccountId;
      /** In the epoch before; not looked at for the first one. */
      readonly before: Standing;
      readonly after: Standing;
      /** By ascending round and index, at most 128. */
      readonly shown: readonly ShownContribution[];
    }
  | {
      /** Two neighbours of the tree do not ascend. */
      readonly kind: 'order';
      readonly run: RunId;
      readonly epoch: number;
      readonly first: EntitlementClaim;
      readonly second: EntitlementClaim;
    };

/** Pots, epochs and payments, read at the newest finalised block. */
export interface PayLedger {
  /** Runs are numbered from 0; this is the next one's number. */
  runCount(): Promise<number>;
  chainRun(run: RunId): Promise<ChainRun | undefined>;
  epoch(run: RunId, epoch: number): Promise<AnchoredEpoch | undefined>;
  paid(run: RunId, account: AccountId): Promise<bigint>;
  /** The payout accounts of the nodes' organisations. Neither ever changes, so they are those of any earlier block. */
  payees(nodes: readonly NodeId[]): Promise<ReadonlyMap<NodeId, Payee>>;
  /** Timestamp of the newest finalised block, milliseconds. */
  chainTimeMs(): Promise<bigint>;
  /** Signs the settlement of an epoch; stored and sent like a commit. */
  prepareSettlement(epoch: SignedEpoch): Promise<PreparedCommit>;
}
