//! What a coordinator, or whoever settles in its place, has at stake.

use crate::{pallet::*, types::*, EpochOf, RunOf};
use frame_support::{
    dispatch::DispatchResult,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
    /// What answers for an epoch: twice what it pays out.
    pub(crate) fn bond_of(payout: &Payout) -> Result<u128, Error<T>> {
        payout.epoch_budget.checked_mul(2).ok_or(Error::NumbersUsedUp)
    }

    /// Puts the bond of an accepted run on hold.
    pub(crate) fn hold_bond(run: &mut RunOf<T>) -> DispatchResult {
        let bond = Self::bond_of(&run.payout)?;
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

    /// Gives back what a settler has on hold for an epoch that is final. True iff there was any.
    pub(crate) fn release_settler(entry: &mut EpochOf<T>) -> Result<bool, DispatchError> {
        let bond = core::mem::take(&mut entry.bond);
        let reason = HoldReason::Bond.into();
        T::Currency::release(&reason, &entry.settler, bond, Precision::Exact)?;
        Ok(bond > 0)
    }

    /// Takes the run's whole bond from its coordinator.
    pub(crate) fn slash_bond(
        id: RunId,
        run: &mut RunOf<T>,
        challenger: &T::AccountId,
    ) -> DispatchResult {
        let bond = core::mem::take(&mut run.bond);
        Self::slash(id, &run.coordinator, bond, challenger)
    }

    /// Takes a bond: a tenth, but at most ten deposits, goes to the challenger; the rest is burnt.
    pub(crate) fn slash(
        run: RunId,
        who: &T::AccountId,
        bond: u128,
        challenger: &T::AccountId,
    ) -> DispatchResult {
        if bond == 0 {
            return Ok(());
        }
        let reason = HoldReason::Bond.into();
        let reward = (bond / 10).min(T::Deposit::get().saturating_mul(10));
        Self::hand_over(&reason, who, challenger, reward)?;
        let burnt = bond.saturating_sub(reward);
        T::Currency::burn_held(&reason, who, burnt, Precision::Exact, Fortitude::Force)?;
        Self::deposit_event(Event::BondSlashed { run, who: who.clone(), amount: bond, reward });
        Ok(())
    }

    /// Gives what one account has on hold to another, to spend.
    pub(crate) fn hand_over(
        reason: &T::RuntimeHoldReason,
        from: &T::AccountId,
        to: &T::AccountId,
        amount: u128,
    ) -> DispatchResult {
        if from == to {
            T::Currency::release(reason, from, amount, Precision::Exact)?;
        } else if amount > 0 {
            let (exact, free) = (Precision::Exact, Restriction::Free);
            let by_force = Fortitude::Force;
            T::Currency::transfer_on_hold(reason, from, to, amount, exact, free, by_force)?;
        }
        Ok(())
    }
}
