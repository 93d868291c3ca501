//! What the pallet stores and takes as arguments. All of it is of bounded size.

pub use crate::terms::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use tally_records::Hash;

/// Organisations are numbered from 0 in the order of registration.
pub type OrgId = u32;
/// Nodes are numbered from 0 in the order of registration; the number is part of every record.
pub type NodeId = u32;
/// Runs are numbered from 0 in the order of creation.
pub type RunId = u32;
/// Rounds of a run are numbered from 0 without gaps; a number is used once, for ever.
pub type RoundNumber = u32;
/// A raw Ed25519 public key.
pub type Key = [u8; 32];
/// A raw Ed25519 signature.
pub type SignatureBytes = [u8; 64];

/// Most coordinator keys a run can have had.
pub const MAX_COORDINATOR_KEYS: u32 = 16;
/// Highest value of [`Windows::max_task_age_blocks`]; below the block hashes the system keeps.
pub const MAX_TASK_AGE_BLOCKS: u32 = 1_024;
/// Longest window, 366 days: a slip in the unit must not lock a pot for ever.
pub const MAX_WINDOW_MS: u64 = 366 * 24 * 60 * 60 * 1_000;
/// How far a header's closing time may lie ahead of the block's.
pub const MAX_CLOCK_LEAD_MS: u64 = 60_000;
/// Weights of one round sum to less than this, so that an int64 accumulator cannot overflow.
pub const SUM_WEIGHT_LIMIT: u64 = 1 << 22;
/// `Header::mode` of a round whose updates were made for its own task.
pub const CLEAR: u8 = 0;
/// `Header::mode` of a round that also counts updates of tasks before it.
pub const ASYNCHRONOUS: u8 = 2;
/// Most rounds an epoch covers.
pub const MAX_EPOCH_ROUNDS: u32 = 1_024;
/// A whole in parts per million.
pub const PPM: u32 = 1_000_000;
/// Most rounds of a run that are under way at once (`maxUncommitted` of the run spec). Where the
/// chain of headers goes back, so many numbers are skipped: nodes may have signed for them.
pub const MAX_OPEN_ROUNDS: u32 = 1_024;
/// A chain that many operators seal has at least so many authorities.
pub const MIN_AUTHORITIES: u32 = 2;
/// Most spans of void rounds in a run; a run that would need another one halts for good.
pub const MAX_VOID_SPANS: u32 = 64;
/// Most node ids one page of [`crate::TallyApi`] looks at.
pub const MAX_MEMBERS_PAGE: u32 = 1_024;

/// An organisation that runs nodes and is paid for them.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Organisation<AccountId> {
    /// Receives what the organisation's nodes earn.
    pub payout: AccountId,
    /// Nodes of a suspended organisation are not eligible for any cohort.
    pub active: bool,
    /// The block of the newest change of `active`.
    pub since: u32,
}

/// Where a node stands.
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
pub enum NodeStatus {
    /// Registered by its owner, not admitted yet.
    Pending,
    /// Admitted by the registrar.
    Active,
    /// Out, for ever.
    Revoked,
}

/// A node: a place where training happens.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node<AccountId> {
    /// The organisation it belongs to.
    pub organisation: OrgId,
    /// The cold account that rotates its key and revokes it.
    pub owner: AccountId,
    /// The newest epoch of its key; see [`crate::NodeKeys`].
    pub key_epoch: u32,
    /// Where it stands.
    pub status: NodeStatus,
    /// The block of the newest change of `status`.
    pub since: u32,
}

/// A node's key and weight cap during one key epoch.
///
/// In force at block `b` iff `from_block <= b` and `b < until_block` (if there is one). A pending
/// node's epoch is empty: both blocks are equal.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NodeKey {
    /// The hot key that signs receipts.
    pub key: Key,
    /// Most examples that count for the node's weight.
    pub cap: u64,
    /// First block of the epoch.
    pub from_block: u32,
    /// First block after the epoch.
    pub until_block: Option<u32>,
}

/// A coordinator key and the first round it signs.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CoordinatorKey {
    /// In force from this round until the next entry's.
    pub from_round: RoundNumber,
    /// Signs tasks, promises and headers.
    pub key: Key,
}

/// Where a run stands.
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
pub enum RunStatus {
    /// Funded; the named coordinator, the first or a later one, has not accepted.
    Proposed,
    /// Rounds can be committed.
    Open,
    /// Stopped by a fault or by silence.
    Halted,
    /// Over; the rest of the pot went back.
    Closed,
}

/// A training run.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Run<AccountId> {
    /// The researcher who pays.
    pub owner: AccountId,
    /// The account that commits rounds.
    pub coordinator: AccountId,
    /// Keys that sign this run's records, by ascending `from_round`; empty until accepted.
    pub coordinator_keys: BoundedVec<CoordinatorKey, ConstU32<MAX_COORDINATOR_KEYS>>,
    /// SHA-256 of the canonical run specification.
    pub spec: Hash,
    /// SHA-256 of the model file the run starts from.
    pub genesis_model: Hash,
    /// Hash of the newest header; of the genesis record before round 0; zeros until accepted.
    pub head: Hash,
    /// The newest model.
    pub model: Hash,
    /// The newest optimizer state; zeros when there is none.
    pub state: Hash,
    /// The number the next committed round must have.
    pub next_round: RoundNumber,
    /// A round that is not empty includes at least so many nodes.
    pub min_nodes: u32,
    /// The run's windows.
    pub windows: Windows,
    /// How contributions are weighed.
    pub weighting: Weighting,
    /// The number of the GA4GH DUO code of the run's purpose.
    pub purpose: u32,
    /// A node without an entry in [`crate::Consents`] takes no part.
    pub consent_required: bool,
    /// How the run pays.
    pub payout: Payout,
    /// What the owner put into the pot and has not got back.
    pub funded: u128,
    /// How much of it is promised to payees.
    pub allotted: u128,
    /// How much of that has been paid.
    pub paid: u128,
    /// What the coordinator has at stake.
    pub bond: u128,
    /// The number of the next epoch to settle.
    pub epoch: u32,
    /// Hash of the newest settled epoch's record; zeros before the first.
    pub epoch_head: Hash,
    /// The first round number that no epoch covers.
    pub settled_rounds: RoundNumber,
    /// Non-empty rounds up to the newest one that counts.
    pub counted_rounds: u32,
    /// The sum of their weights.
    pub counted_weight: u64,
    /// Open objections to epochs; nothing is paid while there is one.
    pub objections: u32,
    /// `at_block` of the newest header.
    pub last_at_block: u32,
    /// `closed_at_ms` of the newest header.
    pub last_closed_at_ms: u64,
    /// The chain's time when the coordinator last accepted the run or committed a round.
    pub last_active_ms: u64,
    /// Where it stands.
    pub status: RunStatus,
}

/// Where a committed round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum RoundStatus {
    /// Counts.
    Committed,
    /// Found false, or built on one that was; its number stays used.
    Void,
}

/// What the chain keeps of a round's header: what answers and disputes are judged by, and what
/// the run goes back to when a later round is voided.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Round {
    /// H(tag ‖ SCALE) of the header.
    pub header: Hash,
    /// Root of the sum tree of contributions and their weights; in a round without any, of the tree
    /// of exclusions: nobody has to show those of another round.
    pub root: Hash,
    /// Contributions.
    pub included: u32,
    /// Sum of their weights.
    pub sum_weight: u64,
    /// Cohort nodes without a contribution.
    pub excluded: u32,
    /// The block at which keys, caps, consents and cohort are judged.
    pub at_block: u32,
    /// The chain's time at the commit.
    pub committed_at_ms: u64,
    /// Hash of the round's task.
    pub task: Hash,
    /// The model after the round.
    pub model: Hash,
    /// The optimizer state after it.
    pub state: Hash,
    /// The header's closing time.
    pub closed_at_ms: u64,
    /// The header's mode.
    pub mode: u8,
    /// Non-empty rounds that count, up to and with this one.
    pub counted_rounds: u32,
    /// The sum of their weights.
    pub counted_weight: u64,
}

impl Round {
    /// Root of the tree of contributions; zeros when there is none.
    pub fn contrib_root(&self) -> Hash {
        if self.included > 0 {
            self.root
        } else {
            Hash::default()
        }
    }

    /// Root of the tree of exclusions of a round without contributions.
    pub fn excluded_root(&self) -> Option<Hash> {
        (self.included == 0).then_some(self.root)
    }
}

/// A round with its status, for readers of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RoundView {
    /// H(tag ‖ SCALE) of the header.
    pub header: Hash,
    /// Root of the sum tree of contributions and their weights; zeros when there is none.
    pub contrib_root: Hash,
    /// Leaves of that tree.
    pub included: u32,
    /// Sum of its weights.
    pub sum_weight: u64,
    /// The chain's time at the commit.
    pub committed_at_ms: u64,
    /// Where it stands.
    pub status: RoundStatus,
    /// True when nothing can void it any more.
    pub is_final: bool,
}

/// Round numbers that do not count: `from` and all up to, but not including, `until`. Numbers
/// that were never committed may be among them.
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
pub struct VoidSpan {
    /// The first.
    pub from: RoundNumber,
    /// The number after the last.
    pub until: RoundNumber,
}

/// A node with its newest key, for readers of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NodeView<AccountId> {
    /// The organisation it belongs to.
    pub organisation: OrgId,
    /// Its cold account.
    pub owner: AccountId,
    /// Where it stands.
    pub status: NodeStatus,
    /// The newest epoch of its key.
    pub key_epoch: u32,
    /// The key of that epoch.
    pub key: Key,
    /// The cap of that epoch.
    pub cap: u64,
    /// False while the organisation is suspended.
    pub organisation_active: bool,
}

/// A node that is eligible for cohorts: active, and so is its organisation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// The epoch of its key.
    pub key_epoch: u32,
    /// The key it signs with.
    pub key: Key,
    /// Most examples that count for its weight.
    pub cap: u64,
    /// The organisation it belongs to.
    pub organisation: OrgId,
}
