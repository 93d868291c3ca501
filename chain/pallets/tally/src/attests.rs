//! Verdicts of auditors on rounds, and the end of a closed run's rounds.

use crate::{evidence::*, pallet::*, types::*};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use tally_records::Hash;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_attest(
        who: T::AccountId,
        run: RunId,
        round: RoundNumber,
        verdict: Hash,
    ) -> DispatchResult {
        ensure!(Rounds::<T>::contains_key(run, round), Error::<T>::UnknownRound);
        let mut verdicts = Attests::<T>::get(run, round);
        match verdicts.iter_mut().find(|(by, _)| *by == who) {
            Some((_, earlier)) => *earlier = verdict,
            None => {
                let pushed = verdicts.try_push((who.clone(), verdict));
                pushed.map_err(|_| Error::<T>::TooManyAttests)?;
                T::Currency::hold(&HoldReason::Deposit.into(), &who, T::Deposit::get())?;
            }
        }
        Attests::<T>::insert(run, round, verdicts);
        Self::deposit_event(Event::Attested { run, round, who, verdict });
        Ok(())
    }

    pub(crate) fn do_prune(who: T::AccountId, id: RunId, rounds: u32) -> DispatchResult {
        let run = Self::existing_run(id)?;
        ensure!(run.owner == who || Self::is_registrar(&who), Error::<T>::NotRunOwner);
        ensure!(run.status == RunStatus::Closed, Error::<T>::RunNotClosed);
        // until all is paid rounds are evidence of who is owed what
        Self::finish_epochs(id, &run)?;
        ensure!(Self::owed(id, &run) == 0, Error::<T>::EpochsPending);
        let from = Pruned::<T>::get(id);
        let until = from.saturating_add(rounds.min(MAX_PRUNED_ROUNDS)).min(run.next_round);
        ensure!(from < until, Error::<T>::NothingToPrune);
        for round in from..until {
            Rounds::<T>::remove(id, round);
            for (auditor, _) in Attests::<T>::take(id, round) {
                let (reason, deposit) = (HoldReason::Deposit.into(), T::Deposit::get());
                T::Currency::release(&reason, &auditor, deposit, Precision::Exact)?;
            }
        }
        Pruned::<T>::insert(id, until);
        Self::deposit_event(Event::Pruned { run: id, until });
        Ok(())
    }
}
