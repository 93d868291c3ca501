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

/// The challenger gets at most so many deposits of the bond.
const REWARD_DEPOSITS: u128 = 10;
/// And at most this part of it.
const REWARD_SHARE: u128 = 10;

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
        if bond > 0 {
            let reason = HoldReason::Bond.into();
            T::Currency::release(&reason, &entry.settler, bond, Precision::Exact)?;
        }
        Ok(bond > 0)
    }

    /// Takes the run's whole bond from its coordinator; as [`Self::slash`].
    pub(crate) fn slash_run(
        run: &mut RunOf<T>,
        challenger: &T::AccountId,
    ) -> Result<(u128, u128), DispatchError> {
        let bond = core::mem::take(&mut run.bond);
        Self::slash(&run.coordinator, bond, challenger)
    }

    /// Takes a bond: a part goes to the challenger, the rest is burnt. Returns both together, and
    /// the part.
    pub(crate) fn slash(
        who: &T::AccountId,
        bond: u128,
        challenger: &T::AccountId,
    ) -> Result<(u128, u128), DispatchError> {
        let most = T::Deposit::get().saturating_mul(REWARD_DEPOSITS);
        let reward = bond.checked_div(REWARD_SHARE).unwrap_or(0).min(most);
        let reason = HoldReason::Bond.into();
        Self::hand_over(&reason, who, challenger, reward)?;
        let burnt = bond.saturating_sub(reward);
        T::Currency::burn_held(&reason, who, burnt, Precision::Exact, Fortitude::Force)?;
        Ok((bond, reward))
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
