//! What a coordinator has at stake.

use crate::{pallet::*, RunOf};
use frame_support::{
    dispatch::DispatchResult,
    traits::{fungible::MutateHold, tokens::Precision},
};

impl<T: Config> Pallet<T> {
    /// Puts the bond of an accepted run on hold: twice what an epoch pays out.
    pub(crate) fn hold_bond(run: &mut RunOf<T>) -> DispatchResult {
        let bond = run.payout.epoch_budget.checked_mul(2).ok_or(Error::<T>::NumbersUsedUp)?;
        T::Currency::hold(&HoldReason::Bond.into(), &run.coordinator, bond)?;
        run.bond = bond;
        Ok(())
    }

    /// Gives back what is left of the bond.
    pub(crate) fn release_bond(run: &mut RunOf<T>) -> DispatchResult {
        let reason = HoldReason::Bond.into();
        T::Currency::release(&reason, &run.coordinator, run.bond, Precision::Exact)?;
        run.bond = 0;
        Ok(())
    }
}
