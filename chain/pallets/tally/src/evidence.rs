//! What consents, demands, answers, disputes and epochs are made of. All of it is of bounded size.

use crate::types::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use tally_records::{
    records::{Contrib, Entitle, Header, Member, Promise, Receipt, Task},
    Hash,
};

/// Most purposes a consent names.
pub const MAX_PURPOSES: u32 = 16;
/// Most consents a node's owner has given a run before the one in force.
pub const MAX_PAST_CONSENTS: u32 = 15;
/// Most demands of a run that are open at once.
pub const MAX_OPEN_DEMANDS: u32 = 16;
/// Most steps of a proof: trees have at most 2³² leaves.
pub const MAX_PROOF_STEPS: u32 = 32;
/// Most claims in one call.
pub const MAX_CLAIMS: u32 = 64;
/// Most rounds one call prunes.
pub const MAX_PRUNED_ROUNDS: u32 = 256;
/// Most attestations of a round.
pub const MAX_ATTESTS: u32 = 8;
/// `Exclude::reason` of a receipt that was accepted in a round that closed below its minimum.
pub const QUORUM: u8 = 9;

/// Hashes of a plain tree, from the leaf's sibling to the root's child.
pub type PlainProof = BoundedVec<Hash, ConstU32<MAX_PROOF_STEPS>>;
/// Hashes and sums of a sum tree, from the leaf's sibling to the root's child.
pub type SumProof = BoundedVec<(Hash, u128), ConstU32<MAX_PROOF_STEPS>>;

/// What a node's owner agrees to in a run.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ConsentTerms {
    /// First round.
    pub from_round: RoundNumber,
    /// Last round.
    pub until_round: RoundNumber,
    /// Latest closing time of a round.
    pub until_ms: u64,
    /// Numbers of the DUO codes for which the data may be used.
    pub purposes: BoundedVec<u32, ConstU32<MAX_PURPOSES>>,
    /// Hash of the site's policy, which its receipts name.
    pub policy: Hash,
}

/// A consent as it is stored.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Consent {
    /// First round.
    pub from_round: RoundNumber,
    /// Last round.
    pub until_round: RoundNumber,
    /// Latest closing time of a round.
    pub until_ms: u64,
    /// Numbers of the DUO codes for which the data may be used.
    pub purposes: BoundedVec<u32, ConstU32<MAX_PURPOSES>>,
    /// Hash of the site's policy, which its receipts name.
    pub policy: Hash,
    /// The block it was given in.
    pub from_block: u32,
    /// The block it was taken back in.
    pub revoked_at_block: Option<u32>,
}

/// A record with a signature over it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Signed<R> {
    /// The record.
    pub record: R,
    /// The signature over its tag and bytes.
    pub signature: SignatureBytes,
}

/// What somebody wants to see of a committed round.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant)]
pub enum Subject {
    /// The contribution with this index, and all it rests on.
    Leaf(u32),
    /// Where the promised receipt went.
    Promise(Signed<Promise>),
}

/// What an open demand asks for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Wanted {
    /// The contribution with this index.
    Leaf(u32),
    /// A receipt that was promised.
    Receipt {
        /// Whose.
        node: NodeId,
        /// Its hash.
        receipt: Hash,
    },
}

/// A demand that waits for its answer.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Demand<AccountId> {
    /// Who asks, and has a deposit on hold.
    pub challenger: AccountId,
    /// What for.
    pub wanted: Wanted,
    /// After this moment anybody may have the round voided.
    pub deadline_ms: u64,
}

/// A contribution and all it rests on: what makes a leaf true.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LeafEvidence {
    /// The round's task.
    pub task: Task,
    /// The leaf.
    pub leaf: Contrib,
    /// Its path to the root of contributions.
    pub proof: SumProof,
    /// The node's receipt with its signature.
    pub receipt: Signed<Receipt>,
    /// The node's entry in the cohort.
    pub member: Member,
    /// Where it stands.
    pub member_index: u32,
    /// Its path to the task's cohort root.
    pub member_proof: PlainProof,
}

/// What the coordinator answers.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant)]
pub enum Answer {
    /// To a demand for a leaf.
    Leaf(LeafEvidence),
    /// To a promise: the receipt counted.
    Counted {
        /// Where.
        index: u32,
        /// The leaf.
        leaf: Contrib,
        /// Its path.
        proof: SumProof,
    },
    /// To a promise: the round closed below its minimum, and the receipt stands among the
    /// exclusions with reason [`QUORUM`].
    Quorum {
        /// Where.
        index: u32,
        /// Its path.
        proof: PlainProof,
    },
}

/// A leaf of the tree of contributions with its path.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LeafProof {
    /// The leaf.
    pub leaf: Contrib,
    /// Its path.
    pub proof: SumProof,
}

/// What a coordinator is accused of; decided in the call.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant)]
pub enum Fault {
    /// A demand was not answered in its window.
    Unanswered {
        /// The run.
        run: RunId,
        /// The round.
        round: RoundNumber,
        /// The demand.
        demand: u32,
    },
    /// Two neighbours among the contributions are not in the order of their nodes, or of one node.
    Order {
        /// The run.
        run: RunId,
        /// The round.
        round: RoundNumber,
        /// Where the first one stands.
        index: u32,
        /// That one.
        first: LeafProof,
        /// The next one.
        second: LeafProof,
    },
    /// Two signed headers of one round.
    Headers(Signed<Header>, Signed<Header>),
    /// A signed header that is not the committed one.
    Header(Signed<Header>),
    /// Two signed tasks of one round.
    Tasks(Signed<Task>, Signed<Task>),
    /// A signed task that is not the committed round's.
    Task(Signed<Task>),
}

/// Why a run halts without a slash.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant)]
pub enum Ground {
    /// The coordinator has committed nothing for `halt_ms`.
    Silence,
    /// A promise is past due, and its round is not committed.
    PromisePastDue(Signed<Promise>),
}

/// Where a settled epoch stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum EpochStatus {
    /// Settled; final when its window is over.
    Settled,
    /// Objected to; frozen until the registrar resolves.
    Objected,
    /// Found false.
    Void,
}

/// What the chain keeps of an epoch's record.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct EpochEntry {
    /// H(tag ‖ SCALE) of the record.
    pub record: Hash,
    /// Root of the sum tree of entitlements.
    pub root: Hash,
    /// Its leaves.
    pub accounts: u32,
    /// Its sum: all that is promised to payees since the run began.
    pub total: u128,
    /// The first round it covers.
    pub first_round: RoundNumber,
    /// The last round it covers.
    pub last_round: RoundNumber,
    /// The chain's time at the settlement.
    pub settled_at_ms: u64,
    /// Where it stands.
    pub status: EpochStatus,
}

/// One claim of several.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim {
    /// Where the leaf stands.
    pub index: u32,
    /// Whose, and how much since the run began.
    pub leaf: Entitle,
    /// Its path to the epoch's root.
    pub proof: SumProof,
}
