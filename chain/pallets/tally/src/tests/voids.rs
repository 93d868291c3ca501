//! Void spans: which rounds count, and where a run stands.

use crate::{federation::*, mock::*, *};
use frame_support::assert_ok;

fn void_from(from: RoundNumber) -> bool {
    let mut run = Runs::<Test>::get(0).unwrap();
    let fits = Tally::void_from(0, &mut run, from);
    Runs::<Test>::insert(0, run);
    fits
}

fn spans() -> Vec<(RoundNumber, RoundNumber)> {
    Voids::<Test>::get(0).iter().map(|span| (span.from, span.until)).collect()
}

/// Commits so many rounds; the number of the last.
fn commit_many(count: usize) -> RoundNumber {
    for _ in 0..count {
        commit(next_header(0)).unwrap();
    }
    Runs::<Test>::get(0).unwrap().next_round - 1
}

#[test]
fn spans_keep_apart_and_swallow_what_they_cover() {
    in_new_state(|| {
        with_federation();
        commit_many(3);
        assert!(void_from(2));
        assert_eq!(spans(), [(2, 3 + MAX_OPEN_ROUNDS)]);
        let next = commit_many(2) + 1;
        assert!(void_from(next - 1));
        let end = next + MAX_OPEN_ROUNDS;
        assert_eq!(spans(), [(2, 3 + MAX_OPEN_ROUNDS), (next - 1, end)]);
        // from the first round after the first span on: the two become one
        assert!(void_from(3 + MAX_OPEN_ROUNDS));
        assert_eq!(spans(), [(2, end + MAX_OPEN_ROUNDS)]);
        assert!(void_from(0));
        assert_eq!(spans(), [(0, end + 2 * MAX_OPEN_ROUNDS)]);
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!((run.head, run.model), (Tally::first_head(0, &run), MODEL));
    });
}

#[test]
fn a_run_stands_on_the_newest_round_that_counts() {
    in_new_state(|| {
        with_federation();
        let first = commit_many(2);
        assert!(void_from(first + 1));
        assert_eq!(Tally::newest_before(0, first + 2), Some(first));
        let second = commit_many(2);
        assert_eq!(Tally::newest_before(0, second), Some(second - 1));
        // the whole of what was counted since: back over the span before
        assert!(void_from(second - 1));
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!(run.head, Rounds::<Test>::get(0, first).unwrap().header);
        assert_eq!(Tally::newest_before(0, run.next_round), Some(first));
        assert_eq!(Tally::newest_before(0, 0), None);
    });
}

#[test]
fn the_last_span_is_reported() {
    in_new_state(|| {
        with_federation();
        for _ in 1..MAX_VOID_SPANS {
            let newest = commit_many(2);
            assert!(void_from(newest));
        }
        let newest = commit_many(2);
        assert!(!void_from(newest));
        assert_eq!(spans().len(), MAX_VOID_SPANS as usize);
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Halted);
    });
}

#[test]
fn final_means_that_nothing_can_void_it() {
    in_new_state(|| {
        with_federation();
        let mut first = next_round();
        first.commit();
        move_to(BLOCK + 2, NOW_MS + 500);
        next_round().commit();
        let is_final = |round| Tally::is_final(0, &Runs::<Test>::get(0).unwrap(), round);
        assert_eq!([0, 1, 2].map(is_final), [false; 3]);
        let end = NOW_MS + 10 + WINDOWS.challenge_ms;
        move_to(BLOCK + 3, end - 1);
        let demand = first.demand(1);
        move_to(BLOCK + 3, end + 1_000);
        // a demand on the first one would take the second with it
        assert_eq!([0, 1].map(is_final), [false; 2]);
        move_to(BLOCK + 3, end - 1);
        assert_ok!(first.answer(demand, 1));
        move_to(BLOCK + 3, end);
        assert_eq!([0, 1].map(is_final), [true, false]);
        let view = Tally::round_view(0, 0).unwrap();
        assert_eq!((view.status, view.is_final), (RoundStatus::Committed, true));
        move_to(BLOCK + 3, end + 1_000);
        assert_eq!([0, 1, 2].map(is_final), [true, true, false]);
        assert!(void_from(1));
        assert_eq!([0, 1].map(is_final), [true, false]);
        let view = Tally::round_view(0, 1).unwrap();
        assert_eq!((view.status, view.is_final), (RoundStatus::Void, false));
        assert_eq!(view.header, Rounds::<Test>::get(0, 1).unwrap().header);
        assert_eq!(Tally::round_view(0, 2), None);
    });
}
