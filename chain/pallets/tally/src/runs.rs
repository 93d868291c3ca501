//! Runs, their pots, and their rounds.

use crate::{checks, pallet::*, types::*, RunOf};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Time},
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{SaturatedConversion, Zero};
use tally_records::Hash;

impl<T: Config> Pallet<T> {
    /// Hash of the genesis block. The system prunes block hashes, but never this one.
    pub(crate) fn chain() -> Hash {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()).into()
    }

    /// Number of the block that is being built.
    pub(crate) fn now_block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    pub(crate) fn do_create_run(
        owner: T::AccountId,
        coordinator: T::AccountId,
        terms: RunTerms,
        pot: u128,
    ) -> DispatchResult {
        checks::terms::<T>(&terms)?;
        let RunTerms { spec, model, min_nodes, windows, weighting, .. } = terms;
        let RunTerms { purpose, consent_required, payout, .. } = terms;
        let run = NextRun::<T>::get();
        let next_run = checks::successor::<T>(run)?;
        T::Currency::hold(&HoldReason::Pot.into(), &owner, pot)?;
        NextRun::<T>::put(next_run);
        Runs::<T>::insert(
            run,
            Run {
                owner: owner.clone(),
                coordinator: coordinator.clone(),
                coordinator_keys: BoundedVec::new(),
                spec,
                genesis_model: model,
                head: Hash::default(),
                model,
                state: Hash::default(),
                next_round: 0,
                min_nodes,
                windows,
                weighting,
                purpose,
                consent_required,
                payout,
                funded: pot,
                allotted: 0,
                paid: 0,
                bond: 0,
                epoch: 0,
                epoch_head: Hash::default(),
                settled_rounds: 0,
                counted_rounds: 0,
                counted_weight: 0,
                objections: 0,
                last_at_block: 0,
                last_closed_at_ms: 0,
                last_active_ms: 0,
                status: RunStatus::Proposed,
            },
        );
        Self::deposit_event(Event::RunCreated { run, owner, coordinator, pot });
        Ok(())
    }

    pub(crate) fn do_accept_run(
        who: T::AccountId,
        id: RunId,
        key: Key,
        proof: &SignatureBytes,
    ) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.coordinator == who, Error::<T>::NotCoordinator);
        ensure!(run.status == RunStatus::Proposed, Error::<T>::RunNotProposed);
        let chain = Self::chain();
        checks::possession::<T>(chain, who.into(), key, proof)?;
        ensure!(!KeyOwner::<T>::contains_key(key), Error::<T>::KeyInUse);
        if run.coordinator_keys.is_empty() {
            run.head = Self::first_head(id, &run);
        }
        Self::push_key(&mut run, key)?;
        Self::hold_bond(&mut run)?;
        run.last_active_ms = T::Time::now();
        run.status = RunStatus::Open;
        let head = run.head;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::RunAccepted { run: id, key, head });
        Ok(())
    }

    /// `key` signs the run's next round and those after it.
    pub(crate) fn push_key(run: &mut RunOf<T>, key: Key) -> Result<(), Error<T>> {
        let from_round = run.next_round;
        let is_later = run.coordinator_keys.last().is_none_or(|last| last.from_round < from_round);
        ensure!(is_later, Error::KeyNotUsedYet);
        let next = CoordinatorKey { from_round, key };
        run.coordinator_keys.try_push(next).map_err(|_| Error::TooManyKeys)
    }

    pub(crate) fn do_close_run(who: T::AccountId, id: RunId) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.owner == who, Error::<T>::NotRunOwner);
        ensure!(run.status != RunStatus::Closed, Error::<T>::RunClosed);
        Self::ensure_nothing_pending(id, &run)?;
        Self::finish_epochs(id, &run)?;
        let refund = run.funded.saturating_sub(run.allotted).saturating_sub(Self::owed(id, &run));
        run.funded = run.funded.saturating_sub(refund);
        T::Currency::release(&HoldReason::Pot.into(), &who, refund, Precision::Exact)?;
        Self::release_bond(&mut run)?;
        run.status = RunStatus::Closed;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::RunClosed { run: id, refund });
        Ok(())
    }

    pub(crate) fn existing_run(id: RunId) -> Result<RunOf<T>, Error<T>> {
        Runs::<T>::get(id).ok_or(Error::UnknownRun)
    }
}
