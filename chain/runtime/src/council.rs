//! The council of the organisations that keep the chain: one account and one vote each.
//!
//! It names validators, authorises upgrades and replaces the registrar; it moves nobody's money.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, EitherOfDiverse},
    weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_collective::{EnsureProportionAtLeast, Instance1, PrimeDefaultVote};
use sp_runtime::Perbill;

/// Two thirds of the council; Root, too, which only the development chain's Sudo key can be.
pub type TwoThirds =
    EitherOfDiverse<EnsureRoot<AccountId>, EnsureProportionAtLeast<AccountId, Instance1, 2, 3>>;

/// A motion ends a week after it was made.
const MOTION_DURATION: BlockNumber = 100_800;

parameter_types! {
    /// Half a block: what the council decides may carry a whole runtime's hash, never its code.
    pub MaxProposalWeight: Weight =
        Perbill::from_percent(50) * configs::BlockWeights::get().max_block;
}

impl pallet_collective::Config<Instance1> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = ConstU32<MOTION_DURATION>;
    type MaxProposals = ConstU32<16>;
    type MaxMembers = ConstU32<32>;
    type DefaultVote = PrimeDefaultVote;
    type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
    type SetMembersOrigin = TwoThirds;
    type MaxProposalWeight = MaxProposalWeight;
    type DisapproveOrigin = TwoThirds;
    type KillOrigin = TwoThirds;
    type Consideration = ();
}

impl pallet_validators::Config for Runtime {
    type Council = TwoThirds;
    type MaxValidators = ConstU32<32>;
}
