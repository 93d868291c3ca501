//! The ledger of Tallystick federations.
//!
//! Organisations and their nodes, runs with their pots, and one committed header per round.
//! A round's record is a few hundred bytes; leaves, updates and models stay off the chain and are
//! bound by the hashes in its header.
//!
//! Invariants (see [`Pallet::check_state`]):
//! - ids and round numbers have no gaps; a round number is used once, for ever;
//! - headers form a chain from the genesis record, and so do models from the genesis model;
//! - a key belongs to one node for ever; key epochs of a node do not overlap;
//! - paid ≤ allotted ≤ funded, and what an owner's open runs hold is what is on hold.
//!
//! The pallet does not hold personal data, judge what a model is worth, or see an update.
//! Calls check first and write last; nothing loops over anything unbounded.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod api;
mod attests;
mod bonds;
mod calls;
mod checks;
mod claims;
mod consents;
mod demands;
mod disputes;
mod epochs;
mod errors;
mod events;
mod evidence;
mod leaves;
mod nodes;
mod rounds;
mod runs;
mod shares;
mod succession;
mod terms;
mod types;
mod weights;

#[cfg(any(test, feature = "try-runtime"))]
mod epoch_invariants;
#[cfg(test)]
mod federation;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod payroll;
#[cfg(test)]
mod tests;

pub use api::*;
pub use evidence::*;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// A run as this runtime stores it.
pub type RunOf<T> = Run<<T as frame_system::Config>::AccountId>;
/// A node as this runtime stores it.
pub type NodeOf<T> = Node<<T as frame_system::Config>::AccountId>;
/// An epoch as this runtime stores it.
pub type EpochOf<T> = EpochEntry<<T as frame_system::Config>::AccountId>;

// the macros' own code expects; a commit's header is most of the largest call
#[allow(clippy::expect_used, clippy::large_enum_variant)]
#[import_section(events::events)]
#[import_section(errors::errors)]
#[import_section(calls::calls)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{evidence::*, types::*, weights::WeightInfo, EpochOf, NodeOf, RunOf};
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{Inspect, MutateHold},
            Time,
        },
    };
    use frame_system::pallet_prelude::*;
    use sp_core::H256;
    use tally_records::{
        records::{Entitle, Epoch, Header},
        Hash,
    };

    /// What the runtime supplies. Accounts and block hashes are 32 bytes, because records name
    /// them as such.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<
        AccountId: Into<[u8; 32]>,
        Hash: Into<[u8; 32]>,
        RuntimeEvent: From<Event<Self>>,
    >
    {
        /// Holds pots, bonds and deposits.
        type Currency: Inspect<Self::AccountId, Balance = u128>
            + MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
        /// Names the pallet's reason among the runtime's.
        type RuntimeHoldReason: From<HoldReason>;
        /// Who may do whatever the registrar may, and name another registrar.
        type Council: EnsureOrigin<Self::RuntimeOrigin>;
        /// The block's timestamp, in milliseconds.
        type Time: Time<Moment = u64>;
        /// What a demand or an attestation puts on hold.
        type Deposit: Get<u128>;
        /// How many authorities seal blocks.
        type Authorities: Get<u32>;
        /// True while a key that everybody knows seals blocks or governs the chain.
        type HasDevelopmentKey: Get<bool>;
        /// What the calls cost.
        type WeightInfo: WeightInfo;
    }

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// Why an account's money is on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The pot of a run that is not closed.
        Pot,
        /// What a coordinator has at stake in a run.
        Bond,
        /// What a demand costs when it is answered, and an attestation while it is stored.
        Deposit,
    }

    /// The account that registers organisations and admits nodes.
    #[pallet::storage]
    pub type Registrar<T: Config> = StorageValue<_, T::AccountId>;

    /// True on a chain that one operator seals on demand.
    #[pallet::storage]
    pub type Embedded<T> = StorageValue<_, bool, ValueQuery>;

    /// Random bytes that give every deployment a genesis hash of its own.
    #[pallet::storage]
    pub type Instance<T> = StorageValue<_, Hash, ValueQuery>;

    /// The id of the next organisation.
    #[pallet::storage]
    pub type NextOrganisation<T> = StorageValue<_, OrgId, ValueQuery>;

    /// The id of the next node.
    #[pallet::storage]
    pub type NextNode<T> = StorageValue<_, NodeId, ValueQuery>;

    /// The id of the next run.
    #[pallet::storage]
    pub type NextRun<T> = StorageValue<_, RunId, ValueQuery>;

    /// Organisations by id.
    #[pallet::storage]
    pub type Organisations<T: Config> =
        StorageMap<_, Twox64Concat, OrgId, Organisation<T::AccountId>>;

    /// Nodes by id.
    #[pallet::storage]
    pub type Nodes<T: Config> = StorageMap<_, Twox64Concat, NodeId, NodeOf<T>>;

    /// Keys and caps by node and key epoch. Old epochs stay: past rounds are judged by them.
    #[pallet::storage]
    pub type NodeKeys<T> =
        StorageDoubleMap<_, Twox64Concat, NodeId, Twox64Concat, u32, NodeKey, OptionQuery>;

    /// The one node that a key belongs to, for ever.
    #[pallet::storage]
    pub type KeyOwner<T> = StorageMap<_, Blake2_128Concat, Key, NodeId>;

    /// Runs by id.
    #[pallet::storage]
    pub type Runs<T: Config> = StorageMap<_, Twox64Concat, RunId, RunOf<T>>;

    /// Committed rounds by run and number.
    #[pallet::storage]
    pub type Rounds<T> =
        StorageDoubleMap<_, Twox64Concat, RunId, Twox64Concat, RoundNumber, Round, OptionQuery>;

    /// Round numbers that do not count, by run; ascending, apart from each other.
    #[pallet::storage]
    pub type Voids<T> = StorageMap<
        _,
        Twox64Concat,
        RunId,
        BoundedVec<VoidSpan, ConstU32<MAX_VOID_SPANS>>,
        ValueQuery,
    >;

    /// The newest consent by run and node.
    #[pallet::storage]
    pub type Consents<T> =
        StorageDoubleMap<_, Twox64Concat, RunId, Twox64Concat, NodeId, Consent, OptionQuery>;

    /// The consents before it, oldest first: tasks of their time are judged by them.
    #[pallet::storage]
    pub type PastConsents<T> = StorageDoubleMap<
        _,
        Twox64Concat,
        RunId,
        Twox64Concat,
        NodeId,
        BoundedVec<Consent, ConstU32<MAX_PAST_CONSENTS>>,
        ValueQuery,
    >;

    /// Open demands by run, round and number.
    #[pallet::storage]
    pub type Demands<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Twox64Concat, RunId>,
            NMapKey<Twox64Concat, RoundNumber>,
            NMapKey<Twox64Concat, u32>,
        ),
        Demand<T::AccountId>,
    >;

    /// Round and number of a run's open demands.
    #[pallet::storage]
    pub type OpenDemands<T> = StorageMap<
        _,
        Twox64Concat,
        RunId,
        BoundedVec<(RoundNumber, u32), ConstU32<MAX_OPEN_DEMANDS>>,
        ValueQuery,
    >;

    /// The number of a run's next demand.
    #[pallet::storage]
    pub type NextDemand<T> = StorageMap<_, Twox64Concat, RunId, u32, ValueQuery>;

    /// Verdicts on a round, by whom, each the hash of a report.
    #[pallet::storage]
    pub type Attests<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        RunId,
        Twox64Concat,
        RoundNumber,
        BoundedVec<(T::AccountId, Hash), ConstU32<MAX_ATTESTS>>,
        ValueQuery,
    >;

    /// The first round of a closed run that has not been pruned.
    #[pallet::storage]
    pub type Pruned<T> = StorageMap<_, Twox64Concat, RunId, RoundNumber, ValueQuery>;

    /// Settled epochs by run and number. Those from the run's next number on were built on one that
    /// was found false: they do not count, and their numbers are settled again.
    #[pallet::storage]
    pub type Epochs<T: Config> =
        StorageDoubleMap<_, Twox64Concat, RunId, Twox64Concat, u32, EpochOf<T>, OptionQuery>;

    /// What a run has paid to an account.
    #[pallet::storage]
    pub type Paid<T: Config> =
        StorageDoubleMap<_, Twox64Concat, RunId, Blake2_128Concat, T::AccountId, u128, ValueQuery>;

    /// What a chain starts from.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// See [`Registrar`].
        pub registrar: Option<T::AccountId>,
        /// See [`Embedded`].
        pub embedded: bool,
        /// See [`Instance`].
        pub instance: H256,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Registrar::<T>::set(self.registrar.clone());
            Embedded::<T>::put(self.embedded);
            Instance::<T>::put(self.instance.to_fixed_bytes());
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_state()
        }
    }
}
