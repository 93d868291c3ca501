import type { AccountId, Hash, NodeId, PublicKey } from '@tallystick/kernel';
import type { NewRun } from '../../client/round-ledger.js';

/** An organisation (types.rs `Organisation`). */
export interface Organisation {
  readonly payout: AccountId;
  readonly active: boolean;
  readonly since: number;
}

/** A node (types.rs `Node`). */
export interface Node {
  readonly organisation: number;
  readonly owner: AccountId;
  readonly keyEpoch: number;
  readonly status: 'pending' | 'active' | 'revoked';
  readonly since: number;
}

/** A node's key in one key epoch (types.rs `NodeKey`). */
export interface NodeKey {
  readonly key: PublicKey;
  readonly cap: bigint;
  readonly fromBlock: number;
  readonly untilBlock?: number;
}

/** What a researcher proposes (terms.rs `RunTerms`). */
export type Terms = Omit<NewRun, 'pot'>;

/** A run (types.rs `Run`). */
export interface Run extends Terms {
  readonly owner: AccountId;
  readonly coordinator: AccountId;
  readonly keys: readonly { readonly fromRound: number; readonly key: PublicKey }[];
  readonly head: Hash;
  /** The newest model; `model` of the terms is the first one. */
  readonly newest: Hash;
  readonly state: Hash;
  readonly nextRound: number;
  readonly funded: bigint;
  readonly allotted: bigint;
  readonly paid: bigint;
  readonly bond: bigint;
  readonly epoch: number;
  readonly epochHead: Hash;
  readonly settledRounds: number;
  readonly countedRounds: number;
  readonly countedWeight: bigint;
  readonly objections: number;
  readonly lastAtBlock: number;
  readonly lastClosedAtMs: bigint;
  readonly lastActiveMs: bigint;
  readonly status: 'proposed' | 'open' | 'halted' | 'closed';
}

/** A committed round (types.rs `Round`). */
export interface Round {
  readonly header: Hash;
  readonly root: Hash;
  readonly included: number;
  readonly sumWeight: bigint;
  readonly excluded: number;
  readonly atBlock: number;
  readonly committedAtMs: bigint;
  readonly task: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly closedAtMs: bigint;
  readonly mode: number;
  readonly countedRounds: number;
  readonly countedWeight: bigint;
}

/** What an owner agrees to (evidence.rs `ConsentTerms`). */
export interface ConsentTerms {
  readonly fromRound: number;
  readonly untilRound: number;
  readonly untilMs: bigint;
  readonly purposes: readonly number[];
  readonly policy: Hash;
}

/** A stored consent (evidence.rs `Consent`). */
export interface Consent extends ConsentTerms {
  readonly fromBlock: number;
  readonly revokedAtBlock?: number;
}

/** What a demand asks for (evidence.rs `Wanted`). */
export type Wanted = { readonly leaf: number } | { readonly node: NodeId; readonly receipt: Hash };

/** An open demand (evidence.rs `Demand`). */
export interface Demand {
  readonly challenger: AccountId;
  readonly wanted: Wanted;
  readonly deadlineMs: bigint;
}

/** A settled epoch (evidence.rs `EpochEntry`). */
export interface EpochEntry {
  readonly record: Hash;
  readonly root: Hash;
  readonly accounts: number;
  readonly total: bigint;
  readonly firstRound: number;
  readonly lastRound: number;
  readonly countedRounds: number;
  readonly countedWeight: bigint;
  readonly settledAtMs: bigint;
  readonly settler: AccountId;
  readonly bond: bigint;
  readonly objector?: AccountId;
  readonly status: 'settled' | 'objected' | 'void';
}

/** Round numbers that do not count, from `from` to before `until`. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** Every storage item of pallet-tally; maps by number, or by numbers joined with `/`. Entries are never changed. */
export interface State {
  readonly registrar: AccountId;
  readonly embedded: boolean;
  readonly instance: Hash;
  readonly organisations: Map<number, Organisation>;
  readonly nodes: Map<number, Node>;
  /** node/epoch */
  readonly nodeKeys: Map<string, NodeKey>;
  readonly keyOwner: Map<PublicKey, number>;
  readonly runs: Map<number, Run>;
  /** run/round */
  readonly rounds: Map<string, Round>;
  /** run */
  readonly voids: Map<number, readonly Span[]>;
  /** run/node */
  readonly consents: Map<string, Consent>;
  /** run/node, oldest first */
  readonly pastConsents: Map<string, readonly Consent[]>;
  /** run/round/number */
  readonly demands: Map<string, Demand>;
  /** run */
  readonly openDemands: Map<number, readonly (readonly [round: number, demand: number])[]>;
  /** run */
  readonly nextDemand: Map<number, number>;
  /** run/round */
  readonly attests: Map<string, readonly (readonly [AccountId, Hash])[]>;
  /** run */
  readonly pruned: Map<number, number>;
  /** run/epoch */
  readonly epochs: Map<string, EpochEntry>;
  /** run/account */
  readonly paid: Map<string, bigint>;
}

/** The state of a chain on which nothing has happened. */
export function emptyState(genesis: Pick<State, 'registrar' | 'embedded' | 'instance'>): State {
  return {
    ...genesis,
    organisations: new Map(),
    nodes: new Map(),
    nodeKeys: new Map(),
    keyOwner: new Map(),
    runs: new Map(),
    rounds: new Map(),
    voids: new Map(),
    consents: new Map(),
    pastConsents: new Map(),
    demands: new Map(),
    openDemands: new Map(),
    nextDemand: new Map(),
    attests: new Map(),
    pruned: new Map(),
    epochs: new Map(),
    paid: new Map(),
  };
}

/** A copy whose maps can be changed without changing those of `state`. */
export function copyState(state: State): State {
  return {
    registrar: state.registrar,
    embedded: state.embedded,
    instance: state.instance,
    organisations: new Map(state.organisations),
    nodes: new Map(state.nodes),
    nodeKeys: new Map(state.nodeKeys),
    keyOwner: new Map(state.keyOwner),
    runs: new Map(state.runs),
    rounds: new Map(state.rounds),
    voids: new Map(state.voids),
    consents: new Map(state.consents),
    pastConsents: new Map(state.pastConsents),
    demands: new Map(state.demands),
    openDemands: new Map(state.openDemands),
    nextDemand: new Map(state.nextDemand),
    attests: new Map(state.attests),
    pruned: new Map(state.pruned),
    epochs: new Map(state.epochs),
    paid: new Map(state.paid),
  };
}
