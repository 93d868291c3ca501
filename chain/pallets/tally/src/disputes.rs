//! Disputes: faults that the chain itself decides, and what follows from them.

use crate::{checks, demands::is_contribution, evidence::*, pallet::*, types::*, RunOf};
use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use sp_runtime::DispatchError;
use tally_records::{
    records::{Header, Record, Task},
    Hash,
};

/// A fault that was proved.
struct Proved<T: Config> {
    run: RunId,
    /// The first number that does not count any more.
    from: RoundNumber,
    /// Gets the reward.
    challenger: T::AccountId,
    /// Whoever signs two truths does not go on.
    is_equivocation: bool,
}

/// A record that the coordinator signs once for a round.
pub(crate) trait OncePerRound: Record {
    /// Chain, run and round.
    fn place(&self) -> (Hash, RunId, RoundNumber);
    /// The hash that the committed round has of it.
    fn committed(round: &Round) -> Hash;
}

impl OncePerRound for Header {
    fn place(&self) -> (Hash, RunId, RoundNumber) {
        (self.chain, self.run, self.round)
    }
    fn committed(round: &Round) -> Hash {
        round.header
    }
}

impl OncePerRound for Task {
    fn place(&self) -> (Hash, RunId, RoundNumber) {
        (self.chain, self.run, self.round)
    }
    fn committed(round: &Round) -> Hash {
        round.task
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_dispute(challenger: T::AccountId, fault: Fault) -> DispatchResult {
        let proved = match fault {
            Fault::Unanswered { run, round, demand } => Self::unanswered(run, round, demand)?,
            Fault::Order { run, round, index, first, second } => {
                Self::ensure_disorder((run, round), index, &first, &second)?;
                Proved { run, from: round, challenger, is_equivocation: false }
            }
            Fault::Headers(first, second) => Self::signed_twice(challenger, &first, &second)?,
            Fault::Tasks(first, second) => Self::signed_twice(challenger, &first, &second)?,
            Fault::Header(signed) => Self::signed_otherwise(challenger, &signed)?,
            Fault::Task(signed) => Self::signed_otherwise(challenger, &signed)?,
            Fault::EntitlementOrder { run, epoch, first, second } => {
                return Self::dispute_order(&challenger, (run, epoch), &first, &second);
            }
            Fault::Share(fault) => return Self::dispute_share(&challenger, &fault),
        };
        Self::punish(proved)
    }

    /// A demand whose deadline has passed. Whoever says so, the reward is the demander's.
    fn unanswered(run: RunId, round: RoundNumber, demand: u32) -> Result<Proved<T>, DispatchError> {
        let asked = Demands::<T>::get((run, round, demand)).ok_or(Error::<T>::UnknownDemand)?;
        ensure!(T::Time::now() > asked.deadline_ms, Error::<T>::AnswerNotDue);
        let challenger = asked.challenger;
        Ok(Proved { run, from: round, challenger, is_equivocation: false })
    }

    /// Two neighbours that are not in ascending order of their nodes.
    fn ensure_disorder(
        (id, number): (RunId, RoundNumber),
        index: u32,
        first: &LeafProof,
        second: &LeafProof,
    ) -> DispatchResult {
        let run = Self::existing_run(id)?;
        let round = Self::open_round(id, &run, number)?;
        let next = checks::successor::<T>(index)?;
        for (index, LeafProof { leaf, proof }) in [(index, first), (next, second)] {
            ensure!(is_contribution(&round, index, leaf, proof), Error::<T>::BadPath);
        }
        ensure!(first.leaf.node >= second.leaf.node, Error::<T>::InOrder);
        Ok(())
    }

    /// Two records of one place, both signed.
    fn signed_twice<R: OncePerRound>(
        challenger: T::AccountId,
        first: &Signed<R>,
        second: &Signed<R>,
    ) -> Result<Proved<T>, DispatchError> {
        ensure!(first.record.place() == second.record.place(), Error::<T>::WrongPlace);
        ensure!(first.record.hash() != second.record.hash(), Error::<T>::SameRecord);
        let (run, from) = Self::signed_place(first)?;
        Self::signed_place(second)?;
        Ok(Proved { run, from, challenger, is_equivocation: true })
    }

    /// A signed record of a committed round that is not the round's.
    fn signed_otherwise<R: OncePerRound>(
        challenger: T::AccountId,
        signed: &Signed<R>,
    ) -> Result<Proved<T>, DispatchError> {
        let (run, from) = Self::signed_place(signed)?;
        let round = Rounds::<T>::get(run, from).ok_or(Error::<T>::UnknownRound)?;
        ensure!(R::committed(&round) != signed.record.hash(), Error::<T>::SameRecord);
        Ok(Proved { run, from, challenger, is_equivocation: true })
    }

    /// Run and round of a record that its run's coordinator signed, if that can still matter: the
    /// round is in its window or not committed yet. Rounds before a coordinator's first are final
    /// or void, so nobody answers for the one before.
    fn signed_place<R: OncePerRound>(
        signed: &Signed<R>,
    ) -> Result<(RunId, RoundNumber), DispatchError> {
        let (chain, id, number) = signed.record.place();
        ensure!(chain == Self::chain(), Error::<T>::WrongChain);
        let run = Self::existing_run(id)?;
        if number < run.next_round {
            Self::open_round(id, &run, number)?;
        }
        Self::ensure_signed_by(&run, number, signed)?;
        Ok((id, number))
    }

    /// The record is signed by the coordinator key in force for the round.
    pub(crate) fn ensure_signed_by<R: Record>(
        run: &RunOf<T>,
        round: RoundNumber,
        signed: &Signed<R>,
    ) -> Result<(), Error<T>> {
        let key = checks::key_in_force::<T>(run, round).ok_or(Error::NoCoordinatorKey)?;
        ensure!(checks::signed(&signed.record, &key, &signed.signature), Error::BadSignature);
        Ok(())
    }

    /// Voids, slashes, and halts a run that has nothing at stake any more.
    fn punish(proved: Proved<T>) -> DispatchResult {
        let Proved { run: id, from, challenger, is_equivocation } = proved;
        let mut run = Self::existing_run(id)?;
        let is_running = matches!(run.status, RunStatus::Open | RunStatus::Halted);
        ensure!(is_running, Error::<T>::RunNotOpen);
        let (slashed, reward) = Self::slash_run(&mut run, &challenger)?;
        let from = from.min(run.next_round);
        Self::drop_demands(id, from)?;
        let fits = Self::void_from(id, &mut run, from);
        let is_unsecured = run.payout.epoch_budget > 0;
        if is_equivocation || is_unsecured || !fits {
            run.status = RunStatus::Halted;
        }
        let until = run.next_round;
        let is_halted = run.status == RunStatus::Halted;
        Runs::<T>::insert(id, run);
        Self::deposit_event(Event::FaultProved {
            run: id,
            from,
            until,
            challenger,
            slashed,
            reward,
            is_halted,
        });
        Ok(())
    }
}
