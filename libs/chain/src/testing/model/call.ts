import type { AccountId, Hash, PublicKey, Signature } from '@tallystick/kernel';
import type {
  Contrib,
  Entitle,
  Epoch,
  Header,
  Member,
  Promise as PromiseRecord,
  Receipt,
  Signed,
  SumNode,
  Task,
} from '@tallystick/record';
import type { ConsentTerms, Terms } from './state.js';

/** A contribution with its path. */
export interface LeafProof {
  readonly leaf: Contrib;
  readonly proof: readonly SumNode[];
}

/** A contribution and all it rests on (evidence.rs `LeafEvidence`). */
export interface LeafEvidence extends LeafProof {
  readonly task: Task;
  readonly receipt: Signed<Receipt>;
  readonly member: Member;
  readonly memberIndex: number;
  readonly memberProof: readonly Hash[];
}

/** What a coordinator answers (evidence.rs `Answer`). */
export type Answer =
  | { readonly kind: 'leaf'; readonly evidence: LeafEvidence }
  | ({ readonly kind: 'counted'; readonly index: number } & LeafProof)
  | { readonly kind: 'quorum'; readonly index: number; readonly proof: readonly Hash[] };

/** A claim (evidence.rs `Claim`). */
export interface Claim {
  readonly index: number;
  readonly leaf: Entitle;
  readonly proof: readonly SumNode[];
}

/** What a tree of entitlements says of an account (evidence.rs `Standing`). */
export type Standing =
  | {
      readonly kind: 'entitled';
      readonly index: number;
      readonly cumulative: bigint;
      readonly proof: readonly SumNode[];
    }
  | {
      readonly kind: 'absent';
      readonly left: Claim | undefined;
      readonly right: Claim | undefined;
    };

/** A contribution to a round of an epoch (evidence.rs `ShownLeaf`). */
export interface ShownLeaf extends LeafProof {
  readonly round: number;
  readonly index: number;
}

/** What an epoch did to an account (evidence.rs `ShareFault`). */
export interface ShareFault {
  readonly run: number;
  readonly epoch: number;
  readonly account: AccountId;
  readonly before: Standing;
  readonly after: Standing;
  readonly shown: readonly ShownLeaf[];
}

/** What a coordinator is accused of (evidence.rs `Fault`). */
export type Fault =
  | {
      readonly kind: 'unanswered';
      readonly run: number;
      readonly round: number;
      readonly demand: number;
    }
  | {
      readonly kind: 'order';
      readonly run: number;
      readonly round: number;
      readonly index: number;
      readonly first: LeafProof;
      readonly second: LeafProof;
    }
  | { readonly kind: 'headers'; readonly first: Signed<Header>; readonly second: Signed<Header> }
  | { readonly kind: 'header'; readonly signed: Signed<Header> }
  | { readonly kind: 'tasks'; readonly first: Signed<Task>; readonly second: Signed<Task> }
  | { readonly kind: 'task'; readonly signed: Signed<Task> }
  | {
      readonly kind: 'entitlementOrder';
      readonly run: number;
      readonly epoch: number;
      readonly first: Claim;
      readonly second: Claim;
    }
  | { readonly kind: 'share'; readonly fault: ShareFault };

interface KeyAndProof {
  readonly key: PublicKey;
  readonly proof: Signature;
}

/** The arguments of every call of pallet-tally by its name. */
export interface CallArguments {
  readonly register_organisation: { readonly payout: AccountId };
  readonly suspend_organisation: { readonly organisation: number };
  readonly register_node: { readonly organisation: number } & KeyAndProof;
  readonly admit_node: { readonly node: number; readonly cap: bigint };
  readonly rotate_key: { readonly node: number } & KeyAndProof;
  readonly revoke_node: { readonly node: number };
  readonly create_run: {
    readonly coordinator: AccountId;
    readonly terms: Terms;
    readonly pot: bigint;
  };
  readonly accept_run: { readonly run: number } & KeyAndProof;
  readonly commit_round: { readonly header: Header; readonly signature: Signature };
  readonly close_run: { readonly run: number };
  readonly grant_consent: {
    readonly run: number;
    readonly node: number;
    readonly terms: ConsentTerms;
  };
  readonly revoke_consent: { readonly run: number; readonly node: number };
  readonly demand: {
    readonly run: number;
    readonly round: number;
    readonly subject: { readonly leaf: number } | { readonly promise: Signed<PromiseRecord> };
  };
  readonly answer: {
    readonly run: number;
    readonly round: number;
    readonly demand: number;
    readonly answer: Answer;
  };
  readonly dispute: { readonly fault: Fault };
  readonly settle_epoch: { readonly record: Epoch; readonly signature: Signature };
  readonly claim: { readonly run: number; readonly epoch: number } & Claim;
  readonly claim_many: {
    readonly run: number;
    readonly epoch: number;
    readonly claims: readonly Claim[];
  };
  readonly object: { readonly run: number; readonly epoch: number; readonly reason: Hash };
  readonly resolve: { readonly run: number; readonly epoch: number; readonly upheld: boolean };
  readonly attest: { readonly run: number; readonly round: number; readonly verdict: Hash };
  readonly halt: { readonly run: number; readonly promise: Signed<PromiseRecord> | undefined };
  readonly replace_coordinator: { readonly run: number; readonly coordinator: AccountId };
  readonly replace_coordinator_key: { readonly run: number } & KeyAndProof;
  readonly prune: { readonly run: number; readonly rounds: number };
  readonly graduate: Record<never, never>;
  readonly set_registrar: { readonly registrar: AccountId };
}

/** The name of a call. */
export type CallName = keyof CallArguments;

/** A call with its arguments. */
export type Call = { [N in CallName]: { readonly name: N } & CallArguments[N] }[CallName];
