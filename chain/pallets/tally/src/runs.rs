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
use tally_records::{
    records::{Genesis, Header, Record},
    Hash,
};

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
        spec: Hash,
        model: Hash,
        min_nodes: u32,
        windows: Windows,
        pot: u128,
    ) -> DispatchResult {
        ensure!(min_nodes > 0, Error::<T>::ZeroMinNodes);
        checks::windows::<T>(&windows)?;
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
                funded: pot,
                allotted: 0,
                paid: 0,
                bond: 0,
                last_at_block: 0,
                last_closed_at_ms: 0,
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
        let first = CoordinatorKey { from_round: 0, key };
        run.coordinator_keys.try_push(first).map_err(|_| Error::<T>::NumbersUsedUp)?;
        let genesis = Genesis { chain, run: id, spec: run.spec, model: run.genesis_model };
        run.head = genesis.hash();
        run.status = RunStatus::Open;
        let head = run.head;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::RunAccepted { run: id, key, head });
        Ok(())
    }

    pub(crate) fn do_commit_round(
        who: T::AccountId,
        header: Header,
        signature: &SignatureBytes,
    ) -> DispatchResult {
        let mut run = Self::existing_run(header.run)?;
        ensure!(run.coordinator == who, Error::<T>::NotCoordinator);
        let now_ms = T::Time::now();
        let at = checks::Instant { chain: Self::chain(), block: Self::now_block(), now_ms };
        checks::header::<T>(&run, &header, &at)?;
        let key = checks::key_in_force::<T>(&run, header.round);
        let key = key.ok_or(Error::<T>::NoCoordinatorKey)?;
        ensure!(checks::signed(&header, &key, signature), Error::<T>::BadSignature);

        run.next_round = checks::successor::<T>(header.round)?;
        run.head = header.hash();
        run.model = header.model_after;
        run.state = header.state_after;
        run.last_at_block = header.at_block;
        run.last_closed_at_ms = header.closed_at_ms;
        let head = run.head;
        Runs::<T>::insert(header.run, run);
        Rounds::<T>::insert(
            header.run,
            header.round,
            Round {
                header: head,
                contrib_root: header.contrib_root,
                included: header.included,
                sum_weight: header.sum_weight,
                excluded: header.excluded,
                at_block: header.at_block,
                committed_at_ms: now_ms,
                status: RoundStatus::Committed,
            },
        );
        Self::deposit_event(Event::RoundCommitted {
            run: header.run,
            round: header.round,
            header: head,
            model: header.model_after,
            included: header.included,
        });
        Ok(())
    }

    pub(crate) fn do_close_run(who: T::AccountId, id: RunId) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        ensure!(run.owner == who, Error::<T>::NotRunOwner);
        ensure!(run.status != RunStatus::Closed, Error::<T>::RunClosed);
        ensure!(!Self::has_pending_round(id, &run), Error::<T>::RoundsPending);
        let refund = run.funded.saturating_sub(run.allotted);
        T::Currency::release(&HoldReason::Pot.into(), &who, refund, Precision::Exact)?;
        run.status = RunStatus::Closed;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::RunClosed { run: id, refund });
        Ok(())
    }

    /// True while the newest committed round can still be challenged.
    fn has_pending_round(id: RunId, run: &RunOf<T>) -> bool {
        let newest = run.next_round.checked_sub(1).and_then(|round| Rounds::<T>::get(id, round));
        newest.is_some_and(|round| {
            T::Time::now() < round.committed_at_ms.saturating_add(run.windows.challenge_ms)
        })
    }

    fn existing_run(id: RunId) -> Result<RunOf<T>, Error<T>> {
        Runs::<T>::get(id).ok_or(Error::UnknownRun)
    }
}
