//! What a researcher proposes: fixed for the whole run.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use tally_records::Hash;

/// How long things may take in a run. Milliseconds are of the chain's timestamp.
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
pub struct Windows {
    /// A committed round is pending for so long.
    pub challenge_ms: u64,
    /// After so long without a settlement anyone may settle.
    pub settle_ms: u64,
    /// After so long of silence anyone may halt the run.
    pub halt_ms: u64,
    /// Oldest block a task may refer to when its round is committed.
    pub max_task_age_blocks: u32,
}

/// How a contribution's examples become its weight.
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
pub enum Weighting {
    /// max(1, ⌊min(numExamples, cap) ÷ unit⌋); the cap is the smaller of the node's and this one.
    Examples {
        /// The run spec's cap.
        cap: u64,
    },
    /// Every contribution weighs 1.
    Equal {
        /// The run spec's cap, which stands in the cohort's members.
        cap: u64,
    },
}

/// What an epoch's budget is shared by.
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
pub enum PayoutPolicy {
    /// The sum of a node's weights.
    Weight,
    /// Alike to each organisation that took part.
    Equal,
    /// Scores of contribution, published off the chain.
    Contribution,
}

/// How a run pays.
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
pub struct Payout {
    /// What shares are made of.
    pub policy: PayoutPolicy,
    /// Rounds of an epoch, 1 to [`crate::MAX_EPOCH_ROUNDS`].
    pub epoch_rounds: u32,
    /// What an epoch pays out; 0 for a run that does not pay.
    pub epoch_budget: u128,
    /// Most that one organisation gets of it, in parts per million, 1 to [`crate::PPM`].
    pub cap_ppm: u32,
}

/// What a researcher proposes; the same for the whole run.
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
pub struct RunTerms {
    /// SHA-256 of the canonical run specification.
    pub spec: Hash,
    /// SHA-256 of the model file the run starts from.
    pub model: Hash,
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
}
