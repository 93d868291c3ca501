//! Demands: anyone may have a part of a round that is not final shown on the chain.

use crate::{checks, evidence::*, leaves, pallet::*, types::*, RunOf};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get, Time},
};
use tally_records::{
    records::{Contrib, Exclude, Promise},
    tree::{self, Tree},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_demand(
        challenger: T::AccountId,
        id: RunId,
        number: RoundNumber,
        subject: Subject,
    ) -> DispatchResult {
        let run = Self::existing_run(id)?;
        let round = Self::open_round(id, &run, number)?;
        let wanted = match subject {
            Subject::Leaf(index) => {
                ensure!(index < round.included, Error::<T>::NoSuchLeaf);
                Wanted::Leaf(index)
            }
            Subject::Promise(promise) => {
                Self::ensure_promised(&run, &promise, (id, number))?;
                let Promise { node, receipt, .. } = promise.record;
                Wanted::Receipt { node, receipt }
            }
        };
        let open = OpenDemands::<T>::get(id);
        let is_known = open.iter().any(|(round, demand)| {
            let key = (id, round, demand);
            *round == number && Demands::<T>::get(key).is_some_and(|known| known.wanted == wanted)
        });
        ensure!(!is_known, Error::<T>::DemandExists);
        Self::put_demand(&run, (id, number), challenger, wanted)
    }

    fn put_demand(
        run: &RunOf<T>,
        (id, round): (RunId, RoundNumber),
        challenger: T::AccountId,
        wanted: Wanted,
    ) -> DispatchResult {
        let demand = NextDemand::<T>::get(id);
        let next = checks::successor::<T>(demand)?;
        let opened = OpenDemands::<T>::try_mutate(id, |open| open.try_push((round, demand)));
        opened.map_err(|_| Error::<T>::TooManyDemands)?;
        T::Currency::hold(&HoldReason::Deposit.into(), &challenger, T::Deposit::get())?;
        NextDemand::<T>::insert(id, next);
        let deadline_ms = T::Time::now().saturating_add(run.windows.challenge_ms);
        let event = Event::Demanded {
            run: id,
            round,
            demand,
            challenger: challenger.clone(),
            wanted,
            deadline_ms,
        };
        Demands::<T>::insert((id, round, demand), Demand { challenger, wanted, deadline_ms });
        Self::deposit_event(event);
        Ok(())
    }

    /// A round that can still be challenged.
    pub(crate) fn open_round(
        id: RunId,
        run: &RunOf<T>,
        number: RoundNumber,
    ) -> Result<Round, Error<T>> {
        ensure!(matches!(run.status, RunStatus::Open | RunStatus::Halted), Error::RunNotOpen);
        let round = Rounds::<T>::get(id, number).ok_or(Error::UnknownRound)?;
        ensure!(!Self::is_void(id, number), Error::RoundVoid);
        ensure!(Self::is_in_window(run, &round), Error::WindowOver);
        Ok(round)
    }

    /// The promise is of this run and round, and signed by the key in force for it.
    pub(crate) fn ensure_promised(
        run: &RunOf<T>,
        promise: &Signed<Promise>,
        place: (RunId, RoundNumber),
    ) -> Result<(), Error<T>> {
        let Promise { chain, run: id, round, .. } = promise.record;
        ensure!(chain == Self::chain(), Error::WrongChain);
        ensure!((id, round) == place, Error::WrongPlace);
        Self::ensure_signed_by(run, round, promise)
    }

    pub(crate) fn do_answer(
        id: RunId,
        number: RoundNumber,
        demand: u32,
        answer: Answer,
    ) -> DispatchResult {
        let asked = Demands::<T>::get((id, number, demand)).ok_or(Error::<T>::UnknownDemand)?;
        ensure!(T::Time::now() <= asked.deadline_ms, Error::<T>::WindowOver);
        let run = Self::existing_run(id)?;
        let round = Rounds::<T>::get(id, number).ok_or(Error::<T>::UnknownRound)?;
        match (asked.wanted, answer) {
            (Wanted::Leaf(index), Answer::Leaf(evidence)) => {
                let at = leaves::Place { id, run: &run, number, round: &round };
                Self::ensure_leaf(&at, index, &evidence)?;
            }
            (Wanted::Receipt { node, receipt }, Answer::Counted { index, leaf, proof }) => {
                ensure!((leaf.node, leaf.receipt) == (node, receipt), Error::<T>::OtherReceipt);
                ensure!(is_contribution(&round, index, &leaf, &proof), Error::<T>::BadPath);
            }
            (Wanted::Receipt { node, receipt }, Answer::Quorum { index, proof }) => {
                let root = round.excluded_root().ok_or(Error::<T>::RoundNotEmpty)?;
                let leaf = tree::leaf(&Exclude { node, receipt, reason: QUORUM });
                let tree = Tree { root, count: round.excluded, total: 0 };
                ensure!(tree::verify(&tree, index, leaf, &proof), Error::<T>::BadPath);
            }
            _ => return Err(Error::<T>::OtherSubject.into()),
        }
        let reason = HoldReason::Deposit.into();
        let deposit = T::Deposit::get();
        T::Currency::burn_held(
            &reason,
            &asked.challenger,
            deposit,
            Precision::Exact,
            frame_support::traits::tokens::Fortitude::Force,
        )?;
        Self::remove_demand(id, number, demand);
        Self::deposit_event(Event::Answered { run: id, round: number, demand });
        Ok(())
    }

    /// Forgets a demand, whose deposit has been dealt with.
    pub(crate) fn remove_demand(id: RunId, round: RoundNumber, demand: u32) {
        Demands::<T>::remove((id, round, demand));
        OpenDemands::<T>::mutate(id, |open| open.retain(|known| *known != (round, demand)));
    }

    /// Gives the deposits of all demands on rounds from `from` on back, and forgets them.
    pub(crate) fn drop_demands(id: RunId, from: RoundNumber) -> DispatchResult {
        for (round, demand) in OpenDemands::<T>::get(id) {
            if round < from {
                continue;
            }
            if let Some(asked) = Demands::<T>::get((id, round, demand)) {
                let (reason, deposit) = (HoldReason::Deposit.into(), T::Deposit::get());
                T::Currency::release(&reason, &asked.challenger, deposit, Precision::Exact)?;
            }
            Self::remove_demand(id, round, demand);
        }
        Ok(())
    }
}

/// True iff the leaf stands at this place of a round's contributions.
pub(crate) fn is_contribution(round: &Round, index: u32, leaf: &Contrib, proof: &SumProof) -> bool {
    let total = round.sum_weight.into();
    let tree = Tree { root: round.contrib_root(), count: round.included, total };
    tree::verify_sum(&tree, index, (tree::sum_leaf(leaf), leaf.weight.into()), proof)
}
