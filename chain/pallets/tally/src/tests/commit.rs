//! `commit_round`. Every refused header is signed, and right but for the one thing the test
//! names: with that check gone it would be committed.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use tally_records::records::{Header, Record};

/// Changes a valid header (signed after the change) and expects the refusal.
fn refused(change: impl FnOnce(&mut Header), error: Error<Test>) {
    in_new_state(|| {
        let mut header = next_header(with_open_run());
        change(&mut header);
        assert_noop!(commit(header), error);
    });
}

/// The same for a header without contributions.
fn refused_empty(change: impl FnOnce(&mut Header), error: Error<Test>) {
    in_new_state(|| {
        let mut header = empty_header(with_open_run());
        change(&mut header);
        assert_noop!(commit(header), error);
    });
}

/// Changes a valid header and expects the commit.
fn accepted(change: impl FnOnce(&mut Header)) {
    in_new_state(|| {
        let mut header = next_header(with_open_run());
        change(&mut header);
        assert_ok!(commit(header));
    });
}

#[test]
fn a_round_moves_the_run_on() {
    in_new_state(|| {
        let header = next_header(with_open_run());
        assert_ok!(commit(header.clone()));
        System::assert_last_event(Event::RoundCommitted { run: 0, round: 0 }.into());
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!((run.next_round, run.head), (1, header.hash()));
        assert_eq!((run.model, run.state), (header.model_after, header.state_after));
        assert_eq!((run.last_at_block, run.last_closed_at_ms), (BLOCK - 10, NOW_MS));
        let want = Round {
            header: header.hash(),
            root: header.contrib_root,
            included: 3,
            sum_weight: 30,
            excluded: 1,
            at_block: BLOCK - 10,
            committed_at_ms: NOW_MS,
            task: header.task,
            model: header.model_after,
            state: header.state_after,
            closed_at_ms: NOW_MS,
            mode: 0,
            counted_rounds: 1,
            counted_weight: 30,
        };
        assert_eq!(Rounds::<Test>::get(0, 0), Some(want));
        assert_eq!(Rounds::<Test>::get(0, 1), None);
    });
}

#[test]
fn rounds_follow_each_other_full_and_empty() {
    in_new_state(|| {
        with_open_run();
        for full in [true, false, false, true] {
            assert_ok!(commit(if full { next_header(0) } else { empty_header(0) }));
        }
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!((run.next_round, run.model, run.state), (4, [0x83; 32], [0xa3; 32]));
        assert_eq!(Rounds::<Test>::get(0, 1).unwrap().included, 0);
    });
}

#[test]
fn a_round_is_committed_once() {
    in_new_state(|| {
        let header = next_header(with_open_run());
        assert_ok!(commit(header.clone()));
        assert_noop!(commit(header), Error::<Test>::WrongRound);
    });
}

#[test]
fn only_the_coordinator_of_a_known_run_commits() {
    in_new_state(|| {
        let header = next_header(with_open_run());
        let signature = sign(&header, 20);
        let by_owner = Tally::commit_round(signed(OWNER), header.clone(), signature);
        assert_noop!(by_owner, Error::<Test>::NotCoordinator);
        assert_noop!(commit(Header { run: 1, ..header }), Error::<Test>::UnknownRun);
    });
}

#[test]
fn only_an_open_run_goes_on() {
    for status in [RunStatus::Proposed, RunStatus::Halted, RunStatus::Closed] {
        in_new_state(|| {
            let header = next_header(with_open_run());
            Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = status);
            assert_noop!(commit(header), Error::<Test>::RunNotOpen);
            Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Open);
        });
    }
}

#[test]
fn another_chain() {
    refused(|h| h.chain = [8; 32], Error::WrongChain);
}

#[test]
fn another_mode() {
    for mode in [1, 3, u8::MAX] {
        refused(|h| h.mode = mode, Error::UnsupportedMode);
    }
}

#[test]
fn an_asynchronous_round() {
    accepted(|h| h.mode = 2);
}

#[test]
fn another_round() {
    refused(|h| h.round = 1, Error::WrongRound);
}

#[test]
fn another_previous_header() {
    refused(|h| h.prev[31] ^= 1, Error::WrongPrev);
}

#[test]
fn another_model_before() {
    refused(|h| h.model_before[0] ^= 1, Error::WrongModelBefore);
}

#[test]
fn counts_that_are_not_the_cohort() {
    refused(|h| h.cohort = 5, Error::WrongCohort);
    refused(|h| h.excluded = u32::MAX, Error::WrongCohort);
}

#[test]
fn fewer_nodes_than_the_minimum() {
    let one = |h: &mut Header| (h.included, h.excluded) = (1, 3);
    refused(one, Error::TooFewIncluded);
    accepted(|h| (h.included, h.excluded) = (2, 2));
}

#[test]
fn too_much_weight() {
    refused(|h| h.sum_weight = 1 << 22, Error::WeightTooLarge);
    accepted(|h| h.sum_weight = (1 << 22) - 1);
}

#[test]
fn less_weight_than_contributions() {
    refused(|h| h.sum_weight = 0, Error::WeightTooSmall);
    refused(|h| h.sum_weight = 2, Error::WeightTooSmall);
    accepted(|h| h.sum_weight = 3);
}

#[test]
fn of_a_round_without_contributions_the_root_of_exclusions_is_kept() {
    in_new_state(|| {
        let header = empty_header(with_open_run());
        assert_ok!(commit(header.clone()));
        let round = Rounds::<Test>::get(0, 0).unwrap();
        assert_eq!(round.root, header.excluded_root);
        assert_eq!(round.excluded_root(), Some(header.excluded_root));
        assert_eq!(round.contrib_root(), [0; 32]);
        assert_eq!(Tally::round_view(0, 0).unwrap().contrib_root, [0; 32]);
    });
    in_new_state(|| {
        let header = next_header(with_open_run());
        assert_ok!(commit(header.clone()));
        let round = Rounds::<Test>::get(0, 0).unwrap();
        assert_eq!((round.contrib_root(), round.excluded_root()), (header.contrib_root, None));
    });
}

#[test]
fn an_empty_round_with_weight() {
    refused_empty(|h| h.sum_weight = 1, Error::EmptyRoundHasWeight);
}

#[test]
fn an_empty_round_that_changes_the_model() {
    refused_empty(|h| h.model_after[0] ^= 1, Error::EmptyRoundChangesModel);
}

#[test]
fn an_empty_round_that_changes_the_state() {
    refused_empty(|h| h.state_after[0] ^= 1, Error::EmptyRoundChangesState);
}

#[test]
fn contributions_without_a_root_and_a_root_without_contributions() {
    refused(|h| h.contrib_root = [0; 32], Error::WrongContribRoot);
    refused_empty(|h| h.contrib_root[0] = 1, Error::WrongContribRoot);
}

#[test]
fn exclusions_without_a_root_and_a_root_without_exclusions() {
    refused(|h| h.excluded_root = [0; 32], Error::WrongExcludedRoot);
    let nobody = |h: &mut Header| (h.excluded, h.cohort) = (0, 3);
    refused(nobody, Error::WrongExcludedRoot);
    accepted(|h| (h.excluded, h.cohort, h.excluded_root) = (0, 3, [0; 32]));
}

#[test]
fn a_block_before_the_previous_header_s() {
    in_new_state(|| {
        with_open_run();
        assert_ok!(commit(next_header(0)));
        let at_block = BLOCK - 11;
        assert_noop!(commit(Header { at_block, ..next_header(0) }), Error::<Test>::AtBlockGoesBack);
        assert_ok!(commit(next_header(0)));
    });
}

#[test]
fn a_block_that_does_not_exist_yet() {
    refused(|h| h.at_block = BLOCK + 1, Error::AtBlockInFuture);
    accepted(|h| h.at_block = BLOCK);
}

#[test]
fn a_block_too_far_back() {
    let oldest = BLOCK - WINDOWS.max_task_age_blocks;
    refused(|h| h.at_block = oldest - 1, Error::AtBlockTooOld);
    accepted(|h| h.at_block = oldest);
}

#[test]
fn a_round_closed_before_the_previous_one() {
    in_new_state(|| {
        with_open_run();
        assert_ok!(commit(next_header(0)));
        let closed_at_ms = NOW_MS - 1;
        assert_noop!(
            commit(Header { closed_at_ms, ..next_header(0) }),
            Error::<Test>::ClosedAtGoesBack
        );
        assert_ok!(commit(next_header(0)));
    });
}

#[test]
fn a_round_closed_in_the_future() {
    refused(|h| h.closed_at_ms = NOW_MS + MAX_CLOCK_LEAD_MS + 1, Error::ClosedAtInFuture);
    accepted(|h| h.closed_at_ms = NOW_MS + MAX_CLOCK_LEAD_MS);
}

#[test]
fn every_field_is_under_the_signature() {
    type Change = fn(&mut Header);
    // fields that no other check looks at, or not alone
    let changes: [Change; 7] = [
        |h| h.task[0] ^= 1,
        |h| h.metrics[0] ^= 1,
        |h| h.model_after[0] ^= 1,
        |h| h.state_after[0] ^= 1,
        |h| h.contrib_root[0] ^= 1,
        |h| h.deadline_ms ^= 1,
        |h| h.sum_weight ^= 1,
    ];
    for change in changes {
        in_new_state(|| {
            let mut header = next_header(with_open_run());
            let signature = sign(&header, 20);
            change(&mut header);
            let commit = Tally::commit_round(signed(COORDINATOR), header, signature);
            assert_noop!(commit, Error::<Test>::BadSignature);
        });
    }
}

#[test]
fn a_signature_by_another_key_or_under_another_tag() {
    in_new_state(|| {
        let header = next_header(with_open_run());
        let other = Tally::commit_round(signed(COORDINATOR), header.clone(), sign(&header, 21));
        assert_noop!(other, Error::<Test>::BadSignature);
        use codec::Encode;
        use sp_core::Pair;
        let untagged = pair(20).sign(&header.encode()).0;
        let untagged = Tally::commit_round(signed(COORDINATOR), header, untagged);
        assert_noop!(untagged, Error::<Test>::BadSignature);
    });
}

#[test]
fn each_round_is_signed_by_the_key_in_force_for_it() {
    in_new_state(|| {
        with_open_run();
        Runs::<Test>::mutate(0, |run| {
            let keys = &mut run.as_mut().unwrap().coordinator_keys;
            keys.try_push(CoordinatorKey { from_round: 1, key: key(21) }).unwrap();
        });
        assert_ok!(commit(next_header(0)));
        assert_noop!(commit(next_header(0)), Error::<Test>::BadSignature);
        let header = next_header(0);
        let signature = sign(&header, 21);
        assert_ok!(Tally::commit_round(signed(COORDINATOR), header, signature));
    });
}

#[test]
fn a_run_without_a_key_in_force_commits_nothing() {
    in_new_state(|| {
        let header = next_header(with_open_run());
        let keep = Runs::<Test>::get(0).unwrap();
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().coordinator_keys = Default::default());
        assert_noop!(commit(header), Error::<Test>::NoCoordinatorKey);
        Runs::<Test>::insert(0, keep);
    });
}

#[test]
fn round_numbers_end() {
    in_new_state(|| {
        with_open_run();
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().next_round = u32::MAX);
        assert_noop!(commit(next_header(0)), Error::<Test>::NumbersUsedUp);
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().next_round = 0);
    });
}
