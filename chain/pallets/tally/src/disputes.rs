//! Disputes: faults that the chain itself decides, and what follows from them.

use crate::{evidence::*, pallet::*};
use frame_support::dispatch::DispatchResult;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_dispute(_challenger: T::AccountId, _fault: Fault) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }
}
