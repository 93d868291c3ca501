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
/// Most contributions that a dispute about a share shows.
pub const MAX_SHOWN_LEAVES: u32 = 128;
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
    /// Two neighbours among the entitlements are not in the order of their accounts, or of one.
    EntitlementOrder {
        /// The run.
        run: RunId,
        /// The epoch.
        epoch: u32,
        /// The first one.
        first: Claim,
        /// The next one.
        second: Claim,
    },
    /// An account's entitlement decreased, or grew by what is not its share.
    Share(ShareFault),
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
pub struct EpochEntry<AccountId> {
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
    /// Non-empty rounds that epochs up to this one cover.
    pub counted_rounds: u32,
    /// The sum of their weights.
    pub counted_weight: u64,
    /// The chain's time at the settlement.
    pub settled_at_ms: u64,
    /// Who settled.
    pub settler: AccountId,
    /// What the settler has on hold for this epoch alone; 0 when the run's bond answers for it.
    pub bond: u128,
    /// Whose objection is open.
    pub objector: Option<AccountId>,
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

/// What a tree of entitlements says of an account.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant)]
pub enum Standing {
    /// It stands there.
    Entitled {
        /// Where.
        index: u32,
        /// With how much since the run began.
        cumulative: u128,
        /// Its path.
        proof: SumProof,
    },
    /// It does not: its neighbours touch each other, or the edge of the tree.
    Absent {
        /// The one before it; none at the left edge.
        left: Option<Claim>,
        /// The one after it; none at the right edge.
        right: Option<Claim>,
    },
}

/// A contribution to a round of an epoch, with its path to the round's root.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ShownLeaf {
    /// The round.
    pub round: RoundNumber,
    /// Where the leaf stands.
    pub index: u32,
    /// The leaf.
    pub leaf: Contrib,
    /// Its path.
    pub proof: SumProof,
}

/// What an epoch did to an account, and what its nodes and others did in the epoch.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ShareFault {
    /// The run.
    pub run: RunId,
    /// The epoch.
    pub epoch: u32,
    /// The account.
    pub account: [u8; 32],
    /// Its standing in the epoch before; not looked at for the first epoch.
    pub before: Standing,
    /// Its standing in this epoch.
    pub after: Standing,
    /// Contributions in the epoch, by ascending round and index. Any that one wants to show: what is
    /// not shown may be anybody's. None are needed to prove a decrease.
    pub shown: BoundedVec<ShownLeaf, ConstU32<MAX_SHOWN_LEAVES>>,
}

impl Fault {
    /// How many contributions are shown.
    pub fn shown_leaves(&self) -> u32 {
        match self {
            Self::Share(fault) => u32::try_from(fault.shown.len()).unwrap_or(u32::MAX),
            _ => 0,
        }
    }
}
