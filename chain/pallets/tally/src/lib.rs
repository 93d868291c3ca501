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
mod checks;
mod errors;
mod events;
mod nodes;
mod runs;
mod types;
mod weights;

#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use api::*;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// A run as this runtime stores it.
pub type RunOf<T> = Run<<T as frame_system::Config>::AccountId>;
/// A node as this runtime stores it.
pub type NodeOf<T> = Node<<T as frame_system::Config>::AccountId>;

// the macros' own code expects; a commit's header is most of the largest call
#[allow(clippy::expect_used, clippy::large_enum_variant)]
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{types::*, weights::WeightInfo, NodeOf, RunOf};
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{Inspect, MutateHold},
            Time,
        },
    };
    use frame_system::pallet_prelude::*;
    use sp_core::H256;
    use tally_records::{records::Header, Hash};

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
        /// Holds pots.
        type Currency: Inspect<Self::AccountId, Balance = u128>
            + MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
        /// Names the pallet's reason among the runtime's.
        type RuntimeHoldReason: From<HoldReason>;
        /// Who may do whatever the registrar may, and name another registrar.
        type Council: EnsureOrigin<Self::RuntimeOrigin>;
        /// The block's timestamp, in milliseconds.
        type Time: Time<Moment = u64>;
        /// What the calls cost.
        type WeightInfo: WeightInfo;
    }

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// Why an account's money is on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The pot of a run that is not closed.
        Pot,
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

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registrar: registers an organisation, which is paid on `payout`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_organisation())]
        pub fn register_organisation(origin: OriginFor<T>, payout: T::AccountId) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_register_organisation(payout)
        }

        /// Registrar: takes an organisation's nodes out of every later cohort.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::suspend_organisation())]
        pub fn suspend_organisation(origin: OriginFor<T>, organisation: OrgId) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_suspend_organisation(organisation)
        }

        /// Owner: registers a node, pending its admission. `proof` is the key's signature over
        /// the record `pop` {chain, owner, key}.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::register_node())]
        pub fn register_node(
            origin: OriginFor<T>,
            organisation: OrgId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_register_node(owner, organisation, key, &proof)
        }

        /// Registrar: admits a pending node, or gives an active one another cap (a new key epoch
        /// with the same key).
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::admit_node())]
        pub fn admit_node(origin: OriginFor<T>, node: NodeId, cap: u64) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_admit_node(node, cap)
        }

        /// Owner: another key from this block on, proved as in `register_node`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::rotate_key())]
        pub fn rotate_key(
            origin: OriginFor<T>,
            node: NodeId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_rotate_key(owner, node, key, &proof)
        }

        /// Owner or registrar: takes a node out, for ever, from this block on.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::revoke_node())]
        pub fn revoke_node(origin: OriginFor<T>, node: NodeId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke_node(who, node)
        }

        /// Researcher: proposes a run to a coordinator and puts its pot on hold.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::create_run())]
        pub fn create_run(
            origin: OriginFor<T>,
            coordinator: T::AccountId,
            spec: Hash,
            model: Hash,
            min_nodes: u32,
            windows: Windows,
            pot: u128,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_create_run(owner, coordinator, spec, model, min_nodes, windows, pot)
        }

        /// Coordinator: opens a run that names it. `proof` is the key's signature over the record
        /// `pop` {chain, coordinator account, key}.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::accept_run())]
        pub fn accept_run(
            origin: OriginFor<T>,
            run: RunId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let coordinator = ensure_signed(origin)?;
            Self::do_accept_run(coordinator, run, key, &proof)
        }

        /// Coordinator: commits the run's next round. `signature` is the coordinator key's over
        /// the record `header`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::commit_round())]
        pub fn commit_round(
            origin: OriginFor<T>,
            header: Header,
            signature: SignatureBytes,
        ) -> DispatchResult {
            let coordinator = ensure_signed(origin)?;
            Self::do_commit_round(coordinator, header, &signature)
        }

        /// Owner: ends a run of which no round is pending, and takes back what is not allotted.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::close_run())]
        pub fn close_run(origin: OriginFor<T>, run: RunId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_close_run(owner, run)
        }

        /// Council: another registrar, from now on.
        #[pallet::call_index(26)]
        #[pallet::weight(T::WeightInfo::set_registrar())]
        pub fn set_registrar(origin: OriginFor<T>, registrar: T::AccountId) -> DispatchResult {
            T::Council::ensure_origin(origin)?;
            Registrar::<T>::put(&registrar);
            Self::deposit_event(Event::RegistrarSet { registrar });
            Ok(())
        }
    }
}
