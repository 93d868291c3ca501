//! Who goes on: halting a run, other coordinators, other keys, and the chain's own coming of age.

use crate::{checks, evidence::*, pallet::*, types::*};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{Get, Time},
};
use tally_records::records::Promise;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_halt(id: RunId, ground: Ground) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.status == RunStatus::Open, Error::<T>::RunNotOpen);
        let now_ms = T::Time::now();
        match ground {
            Ground::Silence => {
                let due_ms = run.last_active_ms.saturating_add(run.windows.halt_ms);
                ensure!(now_ms > due_ms, Error::<T>::NotSilent);
            }
            Ground::PromisePastDue(promise) => {
                let Promise { round, due_ms, .. } = promise.record;
                Self::ensure_promised(&run, &promise, (id, round))?;
                ensure!(round >= run.next_round, Error::<T>::RoundCommitted);
                ensure!(now_ms > due_ms, Error::<T>::PromiseNotDue);
            }
        }
        run.status = RunStatus::Halted;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::RunHalted { run: id });
        Ok(())
    }

    pub(crate) fn do_replace_coordinator(
        owner: T::AccountId,
        id: RunId,
        coordinator: T::AccountId,
    ) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.owner == owner, Error::<T>::NotRunOwner);
        match run.status {
            RunStatus::Halted => {
                Self::ensure_nothing_pending(id, &run)?;
                Self::finish_epochs(id, &run)?;
                Self::release_bond(&mut run)?;
                // the one before may have signed for numbers that nobody committed
                let from = run.next_round;
                ensure!(Self::void_from(id, &mut run, from), Error::<T>::TooManyVoids);
                run.status = RunStatus::Proposed;
            }
            RunStatus::Proposed => {}
            RunStatus::Open | RunStatus::Closed => return Err(Error::<T>::RunNotHalted.into()),
        }
        run.coordinator = coordinator.clone();
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::CoordinatorReplaced { run: id, coordinator });
        Ok(())
    }

    pub(crate) fn do_replace_coordinator_key(
        who: T::AccountId,
        id: RunId,
        key: Key,
        proof: &SignatureBytes,
    ) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.coordinator == who, Error::<T>::NotCoordinator);
        ensure!(run.status == RunStatus::Open, Error::<T>::RunNotOpen);
        checks::possession::<T>(Self::chain(), who.into(), key, proof)?;
        ensure!(!KeyOwner::<T>::contains_key(key), Error::<T>::KeyInUse);
        Self::push_key(&mut run, key)?;
        let from_round = run.next_round;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::CoordinatorKeyReplaced { run: id, key, from_round });
        Ok(())
    }

    pub(crate) fn do_graduate() -> DispatchResult {
        ensure!(Embedded::<T>::get(), Error::<T>::NotEmbedded);
        ensure!(T::Authorities::get() >= MIN_AUTHORITIES, Error::<T>::TooFewAuthorities);
        ensure!(!T::HasDevelopmentKey::get(), Error::<T>::DevelopmentKey);
        Embedded::<T>::put(false);
        Self::deposit_event(Event::Graduated);
        Ok(())
    }
}
