//! Who goes on: halting a run, other coordinators, other keys, and the chain's own coming of age.

use crate::{evidence::*, pallet::*, types::*};
use frame_support::dispatch::DispatchResult;
use tally_records::Hash;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_halt(_run: RunId, _ground: Ground) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_replace_coordinator(
        _owner: T::AccountId,
        _run: RunId,
        _coordinator: T::AccountId,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_replace_coordinator_key(
        _who: T::AccountId,
        _run: RunId,
        _key: Key,
        _proof: &SignatureBytes,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_attest(
        _who: T::AccountId,
        _run: RunId,
        _round: RoundNumber,
        _verdict: Hash,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_prune(_who: T::AccountId, _run: RunId, _rounds: u32) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_graduate() -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }
}
