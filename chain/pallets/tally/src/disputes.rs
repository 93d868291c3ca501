//! Disputes: faults that the chain itself decides, and what follows from them.

use crate::{evidence::*, pallet::*};
use frame_support::dispatch::DispatchResult;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_dispute(challenger: T::AccountId, fault: Fault) -> DispatchResult {
        match fault {
            Fault::EntitlementOrder { run, epoch, first, second } => {
                Self::do_dispute_order(&challenger, (run, epoch), &first, &second)
            }
            Fault::Share(fault) => Self::do_dispute_share(&challenger, &fault),
            _ => Err(Error::<T>::NotBuilt.into()),
        }
    }
}
