//! Faults that the chain decides, and their price.

use crate::{federation::*, mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use tally_records::records::{Header, Record, Task};

const BOND: u128 = 200;

fn dispute(fault: Fault) -> frame_support::dispatch::DispatchResult {
    Tally::dispute(signed(STRANGER), fault)
}

fn run() -> RunOf<Test> {
    Runs::<Test>::get(0).unwrap()
}

fn bond() -> u128 {
    Balances::balance_on_hold(&HoldReason::Bond.into(), &COORDINATOR)
}

/// The run stands where it began, and its bond is gone: a tenth is the challenger's.
fn assert_punished(from: RoundNumber, until: RoundNumber) {
    System::assert_last_event(
        Event::FaultProved {
            run: 0,
            from,
            until,
            challenger: STRANGER,
            slashed: BOND,
            reward: 20,
            is_halted: true,
        }
        .into(),
    );
    let run = run();
    assert_eq!((run.bond, bond(), run.status), (0, 0, RunStatus::Halted));
    assert_eq!(run.next_round, until);
    assert_eq!(Balances::balance(&COORDINATOR), BALANCE - BOND);
    assert_eq!(Balances::total_issuance(), 5 * BALANCE - BOND + 20);
}

#[test]
fn a_demand_that_nobody_answers_voids_the_round_and_later_ones() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        let before = run();
        let round = {
            let mut round = next_round();
            round.commit();
            round
        };
        next_round().commit();
        assert_eq!(bond(), BOND);
        let demand = round.demand(1);
        let fault = Fault::Unanswered { run: 0, round: 1, demand };
        let deadline = NOW_MS + 10 + WINDOWS.challenge_ms;
        move_to(BLOCK + 9, deadline);
        assert_noop!(dispute(fault.clone()), Error::<Test>::AnswerNotDue);
        move_to(BLOCK + 9, deadline + 1);
        // the reward is the demander's, whoever says so
        assert_ok!(Tally::dispute(signed(OWNER), fault.clone()));
        assert_punished(1, 3 + MAX_OPEN_ROUNDS);
        assert_eq!(Balances::balance(&STRANGER), BALANCE + 20);
        let after = run();
        assert_eq!(
            (after.head, after.model, after.state),
            (before.head, before.model, before.state)
        );
        assert_eq!(after.last_at_block, before.last_at_block);
        assert_eq!(after.last_closed_at_ms, before.last_closed_at_ms);
        assert_eq!([0, 1, 2].map(|round| Tally::is_void(0, round)), [false, true, true]);
        assert!(OpenDemands::<Test>::get(0).is_empty());
        assert_noop!(dispute(fault), Error::<Test>::UnknownDemand);
    });
}

#[test]
fn an_answered_demand_is_no_fault() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let demand = round.demand(1);
        assert_ok!(round.answer(demand, 1));
        move_to(BLOCK + 9, NOW_MS + 100_000);
        let fault = Fault::Unanswered { run: 0, round: 0, demand };
        assert_noop!(dispute(fault), Error::<Test>::UnknownDemand);
    });
}

#[test]
fn a_run_that_pays_nothing_goes_on_after_a_void() {
    in_new_state(|| {
        with_federation_on(unpaid());
        let mut round = next_round();
        round.commit();
        let demand = round.demand(0);
        move_to(BLOCK + 9, NOW_MS + 11 + WINDOWS.challenge_ms);
        assert_ok!(dispute(Fault::Unanswered { run: 0, round: 0, demand }));
        let run = run();
        assert_eq!((run.status, run.next_round), (RunStatus::Open, 1 + MAX_OPEN_ROUNDS));
        assert_eq!(run.head, Tally::first_head(0, &run));
        assert_eq!((run.model, run.state), (MODEL, [0; 32]));
        assert_eq!(Balances::balance(&STRANGER), BALANCE);
        let number = next_round().commit();
        assert_eq!(number, 1 + MAX_OPEN_ROUNDS);
        assert!(!Tally::is_void(0, number));
        // what was voided cannot be asked about
        let ask = Tally::demand(signed(STRANGER), 0, 0, Subject::Leaf(0));
        assert_noop!(ask, Error::<Test>::RoundVoid);
    });
}

#[test]
fn a_void_gives_back_the_deposits_of_what_it_takes_out() {
    in_new_state(|| {
        with_federation();
        let rounds = [(); 3].map(|()| {
            let mut round = next_round();
            round.commit();
            round
        });
        let first = rounds[1].demand(0);
        move_to(BLOCK + 2, NOW_MS + 500);
        rounds[0].demand(0);
        rounds[2].demand(0);
        move_to(BLOCK + 9, NOW_MS + 11 + WINDOWS.challenge_ms);
        assert_ok!(dispute(Fault::Unanswered { run: 0, round: 1, demand: first }));
        assert_eq!(OpenDemands::<Test>::get(0)[..], [(0, 1)]);
        let held = Balances::balance_on_hold(&HoldReason::Deposit.into(), &STRANGER);
        assert_eq!(held, DEPOSIT);
        // the round before is still asked about
        assert_ok!(rounds[0].answer(1, 0));
    });
}

/// Commits a round whose leaves stand in another order.
fn disordered(arrange: impl FnOnce(&mut Evidence)) -> Evidence {
    with_federation();
    let mut round = next_round();
    arrange(&mut round);
    round.commit();
    round
}

fn order(round: &Evidence, index: u32, first: u32, second: u32) -> Fault {
    let (first, second) = (round.leaf_proof(first), round.leaf_proof(second));
    Fault::Order { run: 0, round: 0, index, first, second }
}

#[test]
fn neighbours_out_of_order_are_a_fault() {
    in_new_state(|| {
        let round = disordered(|r| r.leaves.swap(1, 2));
        assert_noop!(dispute(order(&round, 0, 0, 1)), Error::<Test>::InOrder);
        assert_ok!(dispute(order(&round, 1, 1, 2)));
        assert_punished(0, 1 + MAX_OPEN_ROUNDS);
    });
}

#[test]
fn a_node_counted_twice_is_a_fault() {
    in_new_state(|| {
        let round = disordered(|r| r.leaves[1] = r.leaves[0].clone());
        assert_ok!(dispute(order(&round, 0, 0, 1)));
        assert_punished(0, 1 + MAX_OPEN_ROUNDS);
    });
}

#[test]
fn leaves_that_are_not_neighbours_prove_nothing() {
    in_new_state(|| {
        let round = disordered(|r| r.leaves.swap(0, 2));
        assert_noop!(dispute(order(&round, 0, 0, 2)), Error::<Test>::BadPath);
        assert_noop!(dispute(order(&round, 0, 1, 0)), Error::<Test>::BadPath);
        let mut forged = order(&round, 0, 0, 1);
        if let Fault::Order { second, .. } = &mut forged {
            second.leaf.node = 0;
        }
        assert_noop!(dispute(forged), Error::<Test>::BadPath);
        assert_noop!(dispute(order(&round, u32::MAX, 0, 1)), Error::<Test>::NumbersUsedUp);
        let unknown = Fault::Order {
            run: 0,
            round: 1,
            index: 0,
            first: round.leaf_proof(0),
            second: round.leaf_proof(1),
        };
        assert_noop!(dispute(unknown), Error::<Test>::UnknownRound);
        move_to(BLOCK + 9, NOW_MS + 10 + WINDOWS.challenge_ms);
        assert_noop!(dispute(order(&round, 0, 0, 1)), Error::<Test>::WindowOver);
    });
}

fn other(header: &Header) -> Header {
    Header { metrics: [0x64; 32], ..header.clone() }
}

#[test]
fn two_headers_of_a_round_halt_the_run() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        let header = next_round().seal();
        let (first, second) = (by_coordinator(header.clone()), by_coordinator(other(&header)));
        assert_ok!(dispute(Fault::Headers(first, second)));
        // nothing was committed under that number: what came before still counts
        assert_punished(1, 1 + MAX_OPEN_ROUNDS);
        assert!(!Tally::is_void(0, 0));
        assert_eq!(run().head, Rounds::<Test>::get(0, 0).unwrap().header);
    });
}

#[test]
fn two_tasks_of_a_round_halt_even_an_unpaid_run() {
    in_new_state(|| {
        with_federation_on(unpaid());
        let task = next_round().task;
        let second = Task { deadline_ms: 1, ..task.clone() };
        assert_ok!(dispute(Fault::Tasks(by_coordinator(task), by_coordinator(second))));
        assert_eq!(run().status, RunStatus::Halted);
    });
}

#[test]
fn a_signed_header_or_task_that_is_not_the_committed_one_is_a_fault() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let same = Fault::Header(by_coordinator(round.header.clone()));
        assert_noop!(dispute(same), Error::<Test>::SameRecord);
        let same = Fault::Task(by_coordinator(round.task.clone()));
        assert_noop!(dispute(same), Error::<Test>::SameRecord);
        assert_ok!(dispute(Fault::Header(by_coordinator(other(&round.header)))));
        assert_punished(0, 1 + MAX_OPEN_ROUNDS);
    });
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let task = Task { deadline_ms: 1, ..round.task.clone() };
        assert_ok!(dispute(Fault::Task(by_coordinator(task))));
        assert_punished(0, 1 + MAX_OPEN_ROUNDS);
    });
}

#[test]
fn what_is_not_equivocation() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let header = round.header.clone();
        let pair = |a: Header, b: Header| Fault::Headers(by_coordinator(a), by_coordinator(b));
        let same = pair(header.clone(), header.clone());
        assert_noop!(dispute(same), Error::<Test>::SameRecord);
        let elsewhere = Header { round: 1, ..header.clone() };
        let places = pair(header.clone(), elsewhere.clone());
        assert_noop!(dispute(places), Error::<Test>::WrongPlace);
        let chains = [0, 1].map(|n| Header { chain: [8; 32], metrics: [n; 32], ..header.clone() });
        let [a, b] = chains;
        assert_noop!(dispute(pair(a, b)), Error::<Test>::WrongChain);
        let runs = [0, 1].map(|n| Header { run: 7, metrics: [n; 32], ..header.clone() });
        let [a, b] = runs;
        assert_noop!(dispute(pair(a, b)), Error::<Test>::UnknownRun);
        // one of the two signed by somebody else
        let forged = Signed { signature: sign(&other(&header), 21), record: other(&header) };
        let mine = by_coordinator(header.clone());
        let faults = [
            Fault::Headers(mine.clone(), forged.clone()),
            Fault::Headers(forged.clone(), mine),
            Fault::Header(forged),
        ];
        for fault in faults {
            assert_noop!(dispute(fault), Error::<Test>::BadSignature);
        }
        // a single header of a round that is not committed contradicts nothing
        let single = Fault::Header(by_coordinator(elsewhere));
        assert_noop!(dispute(single), Error::<Test>::UnknownRound);
        move_to(BLOCK + 9, NOW_MS + 10 + WINDOWS.challenge_ms);
        let late = Fault::Header(by_coordinator(other(&header)));
        assert_noop!(dispute(late), Error::<Test>::WindowOver);
    });
}

#[test]
fn a_fault_is_punished_once() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let fault = Fault::Header(by_coordinator(other(&round.header)));
        assert_ok!(dispute(fault.clone()));
        assert_noop!(dispute(fault), Error::<Test>::RoundVoid);
        // numbers that were skipped have no round
        let skipped = Header { round: 5, ..round.header.clone() };
        let fault = Fault::Header(by_coordinator(skipped));
        assert_noop!(dispute(fault), Error::<Test>::UnknownRound);
    });
}

#[test]
fn closed_and_proposed_runs_have_nothing_to_lose() {
    for status in [RunStatus::Closed, RunStatus::Proposed] {
        in_new_state(|| {
            with_federation_on(unpaid());
            let task = next_round().task;
            let second = Task { deadline_ms: 1, ..task.clone() };
            let keep = run();
            Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = status);
            let fault = Fault::Tasks(by_coordinator(task), by_coordinator(second));
            assert_noop!(dispute(fault), Error::<Test>::RunNotOpen);
            Runs::<Test>::insert(0, keep);
        });
    }
}

#[test]
fn the_reward_is_a_tenth_and_at_most_ten_deposits() {
    in_new_state(|| {
        let payout = Payout { epoch_budget: 900, ..TERMS.payout };
        with_federation_on(RunTerms { payout, ..TERMS });
        assert_eq!(bond(), 1_800);
        let task = next_round().task;
        assert_ne!(task.hash(), [0; 32]);
        let second = Task { deadline_ms: 1, ..task.clone() };
        assert_ok!(dispute(Fault::Tasks(by_coordinator(task), by_coordinator(second))));
        assert_eq!(Balances::balance(&STRANGER), BALANCE + 100);
        assert_eq!(Balances::total_issuance(), 5 * BALANCE - 1_700);
    });
}
