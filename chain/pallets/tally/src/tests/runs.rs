//! Runs and their pots.

use crate::{mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use sp_runtime::TokenError;
use tally_records::records::{Genesis, Record};

fn on_hold(who: &sp_runtime::AccountId32) -> u128 {
    Balances::balance_on_hold(&HoldReason::Pot.into(), who)
}

fn status(run: RunId) -> RunStatus {
    Runs::<Test>::get(run).unwrap().status
}

fn create(min_nodes: u32, windows: Windows, pot: u128) -> frame_support::dispatch::DispatchResult {
    Tally::create_run(signed(OWNER), COORDINATOR, RunTerms { min_nodes, windows, ..TERMS }, pot)
}

#[test]
fn creating_a_run_holds_its_pot() {
    in_new_state(|| {
        assert_ok!(create(2, WINDOWS, 1_000));
        System::assert_last_event(
            Event::RunCreated { run: 0, owner: OWNER, coordinator: COORDINATOR, pot: 1_000 }.into(),
        );
        assert_eq!((on_hold(&OWNER), Balances::balance(&OWNER)), (1_000, BALANCE - 1_000));
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!((run.owner, run.coordinator), (OWNER, COORDINATOR));
        assert_eq!((run.spec, run.genesis_model, run.model), (SPEC, MODEL, MODEL));
        assert_eq!((run.head, run.state), ([0; 32], [0; 32]));
        assert_eq!((run.next_round, run.min_nodes, run.windows), (0, 2, WINDOWS));
        assert_eq!((run.funded, run.allotted, run.paid, run.bond), (1_000, 0, 0, 0));
        assert_eq!(run.status, RunStatus::Proposed);
        assert!(run.coordinator_keys.is_empty());
        // a second pot adds to the first
        assert_ok!(create(1, WINDOWS, 500));
        assert_eq!((NextRun::<Test>::get(), on_hold(&OWNER)), (2, 1_500));
        assert_eq!(Balances::total_issuance(), 5 * BALANCE);
    });
}

#[test]
fn runs_without_a_pot_and_with_the_longest_windows_exist() {
    in_new_state(|| {
        let longest = Windows {
            challenge_ms: MAX_WINDOW_MS,
            settle_ms: MAX_WINDOW_MS,
            halt_ms: MAX_WINDOW_MS,
            max_task_age_blocks: MAX_TASK_AGE_BLOCKS,
        };
        assert_ok!(create(1, longest, 0));
    });
}

#[test]
fn creations_are_refused() {
    in_new_state(|| {
        assert_noop!(create(0, WINDOWS, 1), Error::<Test>::ZeroMinNodes);
        for max_task_age_blocks in [0, MAX_TASK_AGE_BLOCKS + 1] {
            let windows = Windows { max_task_age_blocks, ..WINDOWS };
            assert_noop!(create(1, windows, 1), Error::<Test>::TaskAgeOutOfRange);
        }
        let long = MAX_WINDOW_MS + 1;
        for windows in [
            Windows { challenge_ms: long, ..WINDOWS },
            Windows { settle_ms: long, ..WINDOWS },
            Windows { halt_ms: long, ..WINDOWS },
        ] {
            assert_noop!(create(1, windows, 1), Error::<Test>::WindowTooLong);
        }
        assert_noop!(create(1, WINDOWS, BALANCE + 1), TokenError::FundsUnavailable);
        NextRun::<Test>::put(u32::MAX);
        assert_noop!(create(1, WINDOWS, 1), Error::<Test>::NumbersUsedUp);
        NextRun::<Test>::put(0);
    });
}

#[test]
fn the_named_coordinator_opens_the_run_with_its_key() {
    in_new_state(|| {
        with_run();
        assert_ok!(Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20)));
        let head = Genesis { chain: CHAIN, run: 0, spec: SPEC, model: MODEL }.hash();
        System::assert_last_event(Event::RunAccepted { run: 0, key: key(20), head }.into());
        let run = Runs::<Test>::get(0).unwrap();
        assert_eq!((run.head, run.model, run.state), (head, MODEL, [0; 32]));
        assert_eq!(run.coordinator_keys[..], [CoordinatorKey { from_round: 0, key: key(20) }]);
        assert_eq!(run.status, RunStatus::Open);
    });
}

#[test]
fn acceptances_are_refused() {
    in_new_state(|| {
        let accept = |who: sp_runtime::AccountId32, seed| {
            Tally::accept_run(signed(who.clone()), 0, key(seed), proof(who, seed))
        };
        assert_noop!(accept(COORDINATOR, 20), Error::<Test>::UnknownRun);
        with_run();
        assert_noop!(accept(OWNER, 20), Error::<Test>::NotCoordinator);
        assert_noop!(
            Tally::accept_run(signed(COORDINATOR), 0, [0; 32], proof(COORDINATOR, 20)),
            Error::<Test>::KeyNotAdmissible
        );
        assert_noop!(
            Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(OWNER, 20)),
            Error::<Test>::BadProof
        );
        with_node();
        assert_noop!(accept(COORDINATOR, 10), Error::<Test>::KeyInUse);
        assert_ok!(accept(COORDINATOR, 20));
        assert_noop!(accept(COORDINATOR, 21), Error::<Test>::RunNotProposed);
    });
}

#[test]
fn one_key_may_serve_several_runs_of_a_coordinator() {
    in_new_state(|| {
        with_open_run();
        assert_ok!(create(1, WINDOWS, 1));
        assert_ok!(Tally::accept_run(signed(COORDINATOR), 1, key(20), proof(COORDINATOR, 20)));
        let heads = [0, 1].map(|run| Runs::<Test>::get(run).unwrap().head);
        assert_ne!(heads[0], heads[1]);
    });
}

#[test]
fn closing_gives_the_pot_back() {
    in_new_state(|| {
        with_run();
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        System::assert_last_event(Event::RunClosed { run: 0, refund: 1_000 }.into());
        assert_eq!((on_hold(&OWNER), Balances::balance(&OWNER)), (0, BALANCE));
        assert_eq!(status(0), RunStatus::Closed);
        assert_noop!(Tally::close_run(signed(OWNER), 0), Error::<Test>::RunClosed);
        let accept = Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20));
        assert_noop!(accept, Error::<Test>::RunNotProposed);
    });
}

#[test]
fn closing_waits_for_the_newest_round() {
    in_new_state(|| {
        let close = || Tally::close_run(signed(OWNER), 0);
        assert_noop!(close(), Error::<Test>::UnknownRun);
        with_open_run();
        assert_noop!(Tally::close_run(signed(COORDINATOR), 0), Error::<Test>::NotRunOwner);
        assert_ok!(commit(next_header(0)));
        assert_noop!(close(), Error::<Test>::RoundsPending);
        move_to(BLOCK + 1, NOW_MS + WINDOWS.challenge_ms - 1);
        assert_noop!(close(), Error::<Test>::RoundsPending);
        move_to(BLOCK + 2, NOW_MS + WINDOWS.challenge_ms);
        assert_ok!(close());
    });
}

#[test]
fn an_open_run_without_rounds_and_a_halted_one_can_be_closed() {
    in_new_state(|| {
        with_open_run();
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_ok!(create(1, WINDOWS, 200));
        Runs::<Test>::mutate(1, |run| run.as_mut().unwrap().status = RunStatus::Halted);
        assert_ok!(Tally::close_run(signed(OWNER), 1));
        assert_eq!(on_hold(&OWNER), 0);
    });
}
