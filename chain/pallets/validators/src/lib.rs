//! Who keeps the chain, and which code it runs: what the council of its organisations decides.
//!
//! A list of validators that the council sets is in force two session changes later; until then,
//! and for keys, `pallet-session` is the one that knows. A validator is an account that has
//! session keys. An upgrade is authorised by its hash alone; anybody may then apply the code.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use alloc::{collections::BTreeSet, vec::Vec};
pub use pallet::*;
use pallet_session::SessionManager;
use sp_staking::SessionIndex;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>>
        + pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
    {
        /// Who decides: the council, by whatever majority the runtime asks for.
        type Council: EnsureOrigin<Self::RuntimeOrigin>;
        /// Validators at most.
        #[pallet::constant]
        type MaxValidators: Get<u32>;
    }

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The validators that were set and not yet handed to a session.
    #[pallet::storage]
    pub type Next<T: Config> = StorageValue<_, BoundedVec<T::AccountId, T::MaxValidators>>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// These will keep the chain.
        ValidatorsSet {
            /// In the order of their slots.
            validators: Vec<T::AccountId>,
        },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// A chain without validators makes no blocks.
        NoValidators,
        /// An account is named twice.
        Duplicate,
        /// An account has no session keys; it must call `session.set_keys` first.
        NoKeys,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Council: who keeps the chain from the session after the next on, in the order of their
        /// slots. Another call before the next session replaces this one.
        #[pallet::call_index(0)]
        #[pallet::weight(T::DbWeight::get().reads_writes(T::MaxValidators::get().into(), 1))]
        pub fn set_validators(
            origin: OriginFor<T>,
            validators: BoundedVec<T::AccountId, T::MaxValidators>,
        ) -> DispatchResult {
            T::Council::ensure_origin(origin)?;
            ensure!(!validators.is_empty(), Error::<T>::NoValidators);
            let distinct: BTreeSet<_> = validators.iter().collect();
            ensure!(distinct.len() == validators.len(), Error::<T>::Duplicate);
            let has_keys = pallet_session::NextKeys::<T>::contains_key;
            ensure!(validators.iter().all(has_keys), Error::<T>::NoKeys);
            Next::<T>::put(&validators);
            Self::deposit_event(Event::ValidatorsSet { validators: validators.into_inner() });
            Ok(())
        }

        /// Council: lets anybody apply the code with this BLAKE2-256 hash
        /// (`system.apply_authorized_upgrade`), if its name is ours and its version higher.
        #[pallet::call_index(1)]
        #[pallet::weight(T::DbWeight::get().writes(1))]
        pub fn authorize_upgrade(origin: OriginFor<T>, code_hash: T::Hash) -> DispatchResult {
            T::Council::ensure_origin(origin)?;
            frame_system::Pallet::<T>::do_authorize_upgrade(code_hash, true);
            Ok(())
        }
    }
}

/// Nothing is answered unless the council has decided: the session then keeps its validators and
/// looks at their keys alone. At genesis they are those whose session keys the genesis names.
impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        Next::<T>::take().map(|validators| validators.into_inner())
    }
    fn start_session(_: SessionIndex) {}
    fn end_session(_: SessionIndex) {}
}
