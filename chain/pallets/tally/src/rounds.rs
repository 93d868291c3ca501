//! Rounds: their commit, whether they are final, and what voiding does.

use crate::{checks, pallet::*, types::*, RunOf};
use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use tally_records::records::{Header, Record};

impl<T: Config> Pallet<T> {
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
        run.last_active_ms = now_ms;
        let round = Round {
            header: header.hash(),
            root: if header.included > 0 { header.contrib_root } else { header.excluded_root },
            included: header.included,
            sum_weight: header.sum_weight,
            excluded: header.excluded,
            at_block: header.at_block,
            committed_at_ms: now_ms,
            task: header.task,
            model: header.model_after,
            state: header.state_after,
            closed_at_ms: header.closed_at_ms,
            mode: header.mode,
            counted_rounds: run.counted_rounds.saturating_add(u32::from(header.included > 0)),
            counted_weight: run.counted_weight.saturating_add(header.sum_weight),
        };
        Self::stand_on(header.run, &mut run, Some(&round));
        Runs::<T>::insert(header.run, run);
        Rounds::<T>::insert(header.run, header.round, round);
        Self::deposit_event(Event::RoundCommitted { run: header.run, round: header.round });
        Ok(())
    }

    /// Makes `round` the newest that counts; without one, the run stands where it began.
    fn stand_on(id: RunId, run: &mut RunOf<T>, round: Option<&Round>) {
        let Some(round) = round else {
            run.head = Self::first_head(id, run);
            (run.model, run.state) = (run.genesis_model, Default::default());
            (run.last_at_block, run.last_closed_at_ms) = (0, 0);
            (run.counted_rounds, run.counted_weight) = (0, 0);
            return;
        };
        (run.head, run.model, run.state) = (round.header, round.model, round.state);
        (run.last_at_block, run.last_closed_at_ms) = (round.at_block, round.closed_at_ms);
        (run.counted_rounds, run.counted_weight) = (round.counted_rounds, round.counted_weight);
    }

    /// True iff the number does not count.
    pub(crate) fn is_void(run: RunId, round: RoundNumber) -> bool {
        Voids::<T>::get(run).iter().any(|span| (span.from..span.until).contains(&round))
    }

    /// True iff nothing can void the round any more: it counts, its challenge window is over, and
    /// no demand on it or on a round before it is open.
    pub(crate) fn is_final(id: RunId, run: &RunOf<T>, number: RoundNumber) -> bool {
        let Some(round) = Rounds::<T>::get(id, number) else { return false };
        let is_open = Self::is_in_window(run, &round)
            || OpenDemands::<T>::get(id).iter().any(|(demanded, _)| *demanded <= number);
        !is_open && !Self::is_void(id, number)
    }

    /// True while a committed round can be challenged.
    pub(crate) fn is_in_window(run: &RunOf<T>, round: &Round) -> bool {
        T::Time::now() < round.committed_at_ms.saturating_add(run.windows.challenge_ms)
    }

    /// The newest round below `before` that counts.
    pub(crate) fn newest_before(id: RunId, before: RoundNumber) -> Option<RoundNumber> {
        let spans = Voids::<T>::get(id);
        let end = spans.iter().rev().fold(before, |end, span| {
            if (span.from..=span.until).contains(&end) && end > span.from {
                span.from
            } else {
                end
            }
        });
        end.checked_sub(1)
    }

    /// Refuses while a round or a demand is open.
    pub(crate) fn ensure_nothing_pending(id: RunId, run: &RunOf<T>) -> DispatchResult {
        let newest = Self::newest_before(id, run.next_round);
        let newest = newest.and_then(|number| Rounds::<T>::get(id, number));
        let pending = newest.is_some_and(|round| Self::is_in_window(run, &round));
        ensure!(!pending, Error::<T>::RoundsPending);
        ensure!(OpenDemands::<T>::get(id).is_empty(), Error::<T>::DemandsPending);
        Ok(())
    }

    /// Takes numbers out: those from `from` on, and those that may be under way. Nodes may have
    /// signed for the latter, and sign once for a number.
    ///
    /// False when no span is left to write it down; then the run must not go on.
    pub(crate) fn void_from(id: RunId, run: &mut RunOf<T>, from: RoundNumber) -> bool {
        let until = run.next_round.saturating_add(MAX_OPEN_ROUNDS);
        run.next_round = until;
        let fits = Voids::<T>::mutate(id, |spans| {
            let mut span = VoidSpan { from, until };
            while let Some(last) = spans.last().filter(|last| from <= last.until) {
                span.from = span.from.min(last.from);
                spans.pop();
            }
            // a run with its last span halts for good, so there is always one left here
            spans.try_push(span).is_ok() && spans.len() < MAX_VOID_SPANS as usize
        });
        let newest = Self::newest_before(id, from);
        let newest = newest.and_then(|number| Rounds::<T>::get(id, number));
        Self::stand_on(id, run, newest.as_ref());
        fits
    }
}
