//! Claims: payees get what the newest final epoch entitles them to.

use crate::{evidence::*, pallet::*, types::*};
use frame_support::{dispatch::DispatchResult, traits::ConstU32, BoundedVec};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_claim(_run: RunId, _epoch: u32, _claim: Claim) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_claim_many(
        _run: RunId,
        _epoch: u32,
        _claims: BoundedVec<Claim, ConstU32<MAX_CLAIMS>>,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }
}
