//! Epochs: settlements, objections and their resolution.

use crate::{pallet::*, types::*};
use frame_support::dispatch::DispatchResult;
use tally_records::{records::Epoch, Hash};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_settle_epoch(
        _who: T::AccountId,
        _record: Epoch,
        _signature: &SignatureBytes,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_object(
        _who: T::AccountId,
        _run: RunId,
        _epoch: u32,
        _reason: Hash,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_resolve(_run: RunId, _epoch: u32, _upheld: bool) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }
}
