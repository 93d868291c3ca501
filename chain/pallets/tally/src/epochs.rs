//! Epochs: settlements, whether they are final, objections, and what voiding does.

use crate::{checks, evidence::*, pallet::*, types::*, EpochOf, RunOf};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
        Get, Time,
    },
};
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, traits::Zero, DispatchError, Rounding,
};
use tally_records::{
    records::{Epoch, Record},
    Hash,
};

/// What an epoch that is being settled covers.
struct Covered {
    /// Its last round.
    last: Round,
    /// Its non-empty rounds.
    rounds: u32,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_settle_epoch(
        who: T::AccountId,
        record: Epoch,
        signature: &SignatureBytes,
    ) -> DispatchResult {
        let (id, number) = (record.run, record.epoch);
        let mut run = Self::existing_run(id)?;
        let before = Self::epoch_before(id, number);
        let covered = Self::covered(&run, before.as_ref(), &record)?;
        let due = Self::due(&run, covered.rounds);
        Self::check_total(&run, due, &record)?;
        let is_coordinators = who == run.coordinator;
        if is_coordinators {
            let key = run.coordinator_keys.last().ok_or(Error::<T>::NoCoordinatorKey)?.key;
            ensure!(checks::signed(&record, &key, signature), Error::<T>::BadSignature);
        } else {
            Self::ensure_late(&run, before.as_ref(), &covered.last)?;
        }
        let bond = Self::bond_of(&run.payout)?;
        let is_covered = is_coordinators && run.bond >= bond;
        Self::settle_before(id, &run, before, is_covered)?;
        let bond = if is_covered { 0 } else { bond };
        T::Currency::hold(&HoldReason::Bond.into(), &who, bond)?;

        // a settlement that was built on a false one, and does not count
        if let Some(mut old) = Epochs::<T>::get(id, number) {
            Self::drop_objection(&mut run, &mut old)?;
        }
        run.epoch = checks::successor::<T>(number)?;
        run.settled_rounds = checks::successor::<T>(record.last_round)?;
        run.epoch_head = record.hash();
        run.allotted = record.total;
        let entry = EpochEntry {
            record: run.epoch_head,
            root: record.entitle_root,
            accounts: record.accounts,
            total: record.total,
            first_round: record.first_round,
            last_round: record.last_round,
            counted_rounds: covered.last.counted_rounds,
            counted_weight: covered.last.counted_weight,
            settled_at_ms: T::Time::now(),
            settler: who,
            bond,
            objector: None,
            status: EpochStatus::Settled,
        };
        let event = Event::EpochSettled {
            run: id,
            epoch: number,
            record: entry.record,
            total: entry.total,
        };
        Epochs::<T>::insert(id, number, entry);
        Runs::<T>::insert(id, run);
        Self::deposit_event(event);
        Ok(())
    }

    /// The record follows the newest epoch and ends at a final round; 1 to `epoch_rounds` of its
    /// rounds are not empty.
    fn covered(
        run: &RunOf<T>,
        before: Option<&EpochOf<T>>,
        record: &Epoch,
    ) -> Result<Covered, Error<T>> {
        ensure!(record.chain == Self::chain(), Error::WrongChain);
        ensure!(run.payout.epoch_budget > 0, Error::RunDoesNotPay);
        let is_next = record.epoch == run.epoch && record.prev == run.epoch_head;
        ensure!(is_next && record.first_round == run.settled_rounds, Error::WrongEpoch);
        ensure!(record.first_round <= record.last_round, Error::WrongLastRound);
        let last = Rounds::<T>::get(record.run, record.last_round).ok_or(Error::WrongLastRound)?;
        let is_void = Self::is_void(record.run, record.last_round);
        ensure!(!is_void && last.header == record.last_header, Error::WrongLastRound);
        let is_final = Self::is_final(record.run, run, record.last_round);
        ensure!(is_final, Error::RoundNotFinal);
        let settled = before.map_or(0, |entry| entry.counted_rounds);
        let rounds = last.counted_rounds.saturating_sub(settled);
        ensure!((1..=run.payout.epoch_rounds).contains(&rounds), Error::WrongEpochLength);
        Ok(Covered { last, rounds })
    }

    /// All that was promised plus what this epoch pays. Scores may be such that it pays nothing.
    fn check_total(run: &RunOf<T>, due: u128, record: &Epoch) -> Result<(), Error<T>> {
        let may_pay_nothing = run.payout.policy == PayoutPolicy::Contribution;
        let is_right = record.total == run.allotted.saturating_add(due)
            || (may_pay_nothing && record.total == run.allotted);
        ensure!(is_right, Error::WrongTotal);
        let is_empty = record.accounts == 0;
        let fits = (record.entitle_root == Hash::default()) == is_empty;
        ensure!(fits && (record.total == 0 || !is_empty), Error::WrongEntitleRoot);
        Ok(())
    }

    /// What an epoch over so many non-empty rounds pays: the budget, or its part when the epoch is
    /// shorter, and never more than the pot still has.
    fn due(run: &RunOf<T>, rounds: u32) -> u128 {
        let Payout { epoch_rounds, epoch_budget, .. } = run.payout;
        let left = run.funded.saturating_sub(run.allotted);
        let (rounds, whole) = (u128::from(rounds), u128::from(epoch_rounds));
        let due = multiply_by_rational_with_rounding(epoch_budget, rounds, whole, Rounding::Down);
        due.unwrap_or(u128::MAX).min(left)
    }

    /// What the rounds that count and no epoch covers would be paid at most.
    pub(crate) fn owed(id: RunId, run: &RunOf<T>) -> u128 {
        let settled = Self::epoch_before(id, run.epoch).map_or(0, |entry| entry.counted_rounds);
        Self::due(run, run.counted_rounds.saturating_sub(settled))
    }

    /// The epoch before `number`.
    pub(crate) fn epoch_before(id: RunId, number: u32) -> Option<EpochOf<T>> {
        number.checked_sub(1).and_then(|before| Epochs::<T>::get(id, before))
    }

    /// The coordinator had its time to settle.
    fn ensure_late(
        run: &RunOf<T>,
        before: Option<&EpochOf<T>>,
        last: &Round,
    ) -> Result<(), Error<T>> {
        let final_at_ms = last.committed_at_ms.saturating_add(run.windows.challenge_ms);
        let since_ms = before.map_or(0, |entry| entry.settled_at_ms).max(final_at_ms);
        let is_late = T::Time::now() >= since_ms.saturating_add(run.windows.settle_ms);
        ensure!(is_late, Error::SettlesTooEarly);
        Ok(())
    }

    /// Nobody's own bond may hang on another epoch: where one is at stake, in the epoch before or in
    /// the next one, the epoch before must be final.
    fn settle_before(
        id: RunId,
        run: &RunOf<T>,
        before: Option<EpochOf<T>>,
        is_covered: bool,
    ) -> DispatchResult {
        let Some(mut before) = before else { return Ok(()) };
        if is_covered && before.bond == 0 {
            return Ok(());
        }
        ensure!(Self::is_epoch_final(run, &before), Error::<T>::EpochsPending);
        if Self::release_settler(&mut before)? {
            Epochs::<T>::insert(id, run.epoch.saturating_sub(1), before);
        }
        Ok(())
    }

    /// True iff nothing can void the epoch any more. While an objection is open, none is final:
    /// later ones build on it, earlier ones wait without harm.
    pub(crate) fn is_epoch_final(run: &RunOf<T>, entry: &EpochOf<T>) -> bool {
        entry.status == EpochStatus::Settled
            && run.objections == 0
            && !Self::is_epoch_in_window(run, entry)
    }

    /// True while an epoch can be disputed and objected to.
    pub(crate) fn is_epoch_in_window(run: &RunOf<T>, entry: &EpochOf<T>) -> bool {
        T::Time::now() < entry.settled_at_ms.saturating_add(run.windows.challenge_ms)
    }

    /// Refuses while an epoch can be voided; gives back the bond of whoever settled the newest one.
    pub(crate) fn finish_epochs(id: RunId, run: &RunOf<T>) -> DispatchResult {
        ensure!(run.objections.is_zero(), Error::<T>::EpochsPending);
        Self::settle_before(id, run, Self::epoch_before(id, run.epoch), false)
    }

    /// The epoch, if it counts.
    pub(crate) fn existing_epoch(
        id: RunId,
        run: &RunOf<T>,
        number: u32,
    ) -> Result<EpochOf<T>, Error<T>> {
        ensure!(number < run.epoch, Error::UnknownEpoch);
        Epochs::<T>::get(id, number).ok_or(Error::UnknownEpoch)
    }

    pub(crate) fn do_object(
        who: T::AccountId,
        id: RunId,
        number: u32,
        reason: Hash,
    ) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        let mut entry = Self::existing_epoch(id, &run, number)?;
        ensure!(entry.status == EpochStatus::Settled, Error::<T>::EpochNotSettled);
        ensure!(Self::is_epoch_in_window(&run, &entry), Error::<T>::EpochIsFinal);
        T::Currency::hold(&HoldReason::Deposit.into(), &who, T::Deposit::get())?;
        entry.status = EpochStatus::Objected;
        entry.objector = Some(who.clone());
        run.objections = checks::successor::<T>(run.objections)?;
        Epochs::<T>::insert(id, number, entry);
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::EpochObjected { run: id, epoch: number, by: who, reason });
        Ok(())
    }

    pub(crate) fn do_resolve(id: RunId, number: u32, upheld: bool) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        let mut entry = Epochs::<T>::get(id, number).ok_or(Error::<T>::UnknownEpoch)?;
        let objector = entry.objector.clone().ok_or(Error::<T>::NotObjected)?;
        let counts = number < run.epoch;
        if counts && upheld {
            return Self::void_epoch(id, run, number, &objector);
        }
        if counts {
            let (reason, deposit) = (HoldReason::Deposit.into(), T::Deposit::get());
            let (exact, by_force) = (Precision::Exact, Fortitude::Force);
            T::Currency::burn_held(&reason, &objector, deposit, exact, by_force)?;
            run.objections = run.objections.saturating_sub(1);
            entry.objector = None;
            entry.status = EpochStatus::Settled;
            Self::deposit_event(Event::ObjectionRejected { run: id, epoch: number });
        } else {
            Self::drop_objection(&mut run, &mut entry)?;
        }
        Epochs::<T>::insert(id, number, entry);
        Runs::<T>::insert(id, run);
        Ok(())
    }

    /// Takes an epoch and those after it out: the run stands on the one before. Whoever answers for
    /// the epoch loses the bond; a run whose coordinator has nothing at stake any more halts.
    pub(crate) fn void_epoch(
        id: RunId,
        mut run: RunOf<T>,
        number: u32,
        challenger: &T::AccountId,
    ) -> DispatchResult {
        let mut entry = Self::existing_epoch(id, &run, number)?;
        Self::drop_objection(&mut run, &mut entry)?;
        let (slashed, reward) = if entry.bond > 0 {
            let bond = core::mem::take(&mut entry.bond);
            Self::slash(&entry.settler, bond, challenger)?
        } else {
            Self::slash_run(&mut run, challenger)?
        };
        if run.status == RunStatus::Open && run.bond == 0 {
            run.status = RunStatus::Halted;
        }
        entry.status = EpochStatus::Void;
        Epochs::<T>::insert(id, number, entry);
        let before = Self::epoch_before(id, number);
        run.epoch = number;
        run.epoch_head = before.as_ref().map_or(Hash::default(), |entry| entry.record);
        run.allotted = before.as_ref().map_or(0, |entry| entry.total);
        run.settled_rounds =
            before.map_or(Ok(0), |entry| checks::successor::<T>(entry.last_round))?;
        Runs::<T>::insert(id, run);
        let challenger = challenger.clone();
        let event = Event::EpochVoided { run: id, epoch: number, challenger, slashed, reward };
        Self::deposit_event(event);
        Ok(())
    }

    /// Ends an objection that nobody needs to decide any more: the deposit goes back.
    fn drop_objection(run: &mut RunOf<T>, entry: &mut EpochOf<T>) -> Result<(), DispatchError> {
        let Some(objector) = entry.objector.take() else { return Ok(()) };
        let (reason, deposit) = (HoldReason::Deposit.into(), T::Deposit::get());
        T::Currency::release(&reason, &objector, deposit, Precision::Exact)?;
        run.objections = run.objections.saturating_sub(1);
        entry.status = EpochStatus::Void;
        Ok(())
    }
}
