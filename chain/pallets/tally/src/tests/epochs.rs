//! Settlements and objections.

use crate::{mock::*, payroll::*, *};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use tally_records::records::{Epoch, Record};

const PAYOUT: Payout = TERMS.payout;

#[test]
fn a_settlement_allots_the_budget() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        assert_eq!((run().bond, held(HoldReason::Bond, &COORDINATOR)), (200, 200));
        let rounds = five_rounds();
        let entitled = paid_by_weight(&Entitlements::new(), &rounds, 100);
        assert_eq!(PAYEES.map(|payee| entitled[&payee]), [60, 30, 10]);
        let record = record(&entitled);
        assert_ok!(settle(record.clone()));
        System::assert_last_event(
            Event::EpochSettled { run: 0, epoch: 0, record: record.hash(), total: 100 }.into(),
        );
        let run = run();
        assert_eq!((run.epoch, run.epoch_head, run.settled_rounds), (1, record.hash(), 5));
        assert_eq!((run.funded, run.allotted, run.paid, run.bond), (1_000, 100, 0, 200));
        let entry = Epochs::<Test>::get(0, 0).unwrap();
        assert_eq!((entry.first_round, entry.last_round, entry.accounts), (0, 4, 3));
        assert_eq!((entry.counted_rounds, entry.counted_weight), (5, 500));
        assert_eq!(
            (entry.settler, entry.bond, entry.status),
            (COORDINATOR, 0, EpochStatus::Settled)
        );
    });
}

#[test]
fn settlements_are_refused() {
    type Change = fn(&mut Epoch);
    let cases: [(Change, Error<Test>); 13] = [
        (|r| r.chain = [8; 32], Error::WrongChain),
        (|r| r.run = 7, Error::UnknownRun),
        (|r| r.epoch = 1, Error::WrongEpoch),
        (|r| r.prev = [1; 32], Error::WrongEpoch),
        (|r| r.first_round = 1, Error::WrongEpoch),
        (|r| r.last_round = 5, Error::WrongLastRound),
        (|r| r.last_header = [1; 32], Error::WrongLastRound),
        (|r| r.last_round = 3, Error::WrongLastRound),
        (|r| r.total = 101, Error::WrongTotal),
        (|r| r.total = 99, Error::WrongTotal),
        (|r| r.total = 0, Error::WrongTotal),
        (|r| r.accounts = 0, Error::WrongEntitleRoot),
        (|r| r.entitle_root = [0; 32], Error::WrongEntitleRoot),
    ];
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = five_rounds();
        let entitled = paid_by_weight(&Entitlements::new(), &rounds, 100);
        for (change, error) in cases {
            let mut record = record(&entitled);
            change(&mut record);
            assert_noop!(settle(record), error);
        }
        let good = record(&entitled);
        let signature = sign(&good, 21);
        let forged = Tally::settle_epoch(signed(COORDINATOR), good.clone(), signature);
        assert_noop!(forged, Error::<Test>::BadSignature);
        let early = Tally::settle_epoch(signed(STRANGER), good.clone(), [0; 64]);
        assert_noop!(early, Error::<Test>::SettlesTooEarly);
        assert_ok!(settle(good.clone()));
        assert_noop!(settle(good), Error::<Test>::WrongEpoch);
        // the rounds are used up
        assert_noop!(settle(record(&entitled)), Error::<Test>::WrongLastRound);
    });
}

#[test]
fn rounds_are_final_before_they_are_paid() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = [work(&[(0, 1), (2, 1)])];
        let entitled = paid_by_weight(&Entitlements::new(), &rounds, 20);
        assert_noop!(settle(record(&entitled)), Error::<Test>::RoundNotFinal);
        wait(FINAL_MS - 1);
        assert_noop!(settle(record(&entitled)), Error::<Test>::RoundNotFinal);
        wait(1);
        assert_ok!(settle(record(&entitled)));
    });
}

#[test]
fn an_epoch_has_one_to_five_rounds_and_is_paid_for_each() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        work(&[]);
        wait(FINAL_MS);
        // only an empty round: nothing to pay, and nothing to settle
        assert_noop!(settle(record(&Entitlements::new())), Error::<Test>::WrongEpochLength);
        let mut rounds: Vec<Work> = (0..6).map(|_| work(&[(0, 1), (3, 1)])).collect();
        wait(FINAL_MS);
        let all = paid_by_weight(&Entitlements::new(), &rounds, 100);
        assert_noop!(settle(record(&all)), Error::<Test>::WrongEpochLength);
        // three of five rounds: three fifths of the budget, the empty one among them
        rounds.truncate(3);
        let part = paid_by_weight(&Entitlements::new(), &rounds, 60);
        let last = rounds[2].round;
        let header = Rounds::<Test>::get(0, last).unwrap().header;
        let record = Epoch { last_round: last, last_header: header, ..record(&part) };
        assert_ok!(settle(record));
        assert_eq!((run().settled_rounds, run().allotted), (last + 1, 60));
    });
}

#[test]
fn a_run_without_a_budget_settles_nothing() {
    in_new_state(|| {
        with_payroll(Payout { epoch_budget: 0, ..PAYOUT });
        five_rounds();
        assert_noop!(settle(record(&Entitlements::new())), Error::<Test>::RunDoesNotPay);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_eq!(held(HoldReason::Pot, &OWNER), 0);
    });
}

#[test]
fn the_pot_is_never_overdrawn() {
    in_new_state(|| {
        with_payroll(Payout { epoch_budget: 600, ..PAYOUT });
        let first = paid_by_weight(&Entitlements::new(), &five_rounds(), 600);
        assert_ok!(settle(record(&first)));
        let rounds = five_rounds();
        let over = paid_by_weight(&first, &rounds, 600);
        assert_noop!(settle(record(&over)), Error::<Test>::WrongTotal);
        let rest = paid_by_weight(&first, &rounds, 400);
        assert_ok!(settle(record(&rest)));
        assert_eq!((run().allotted, run().funded), (1_000, 1_000));
    });
}

#[test]
fn scores_may_be_such_that_an_epoch_pays_nothing() {
    in_new_state(|| {
        with_payroll(Payout { policy: PayoutPolicy::Contribution, ..PAYOUT });
        five_rounds();
        assert_ok!(settle(record(&Entitlements::new())));
        assert_eq!((run().epoch, run().allotted), (1, 0));
    });
}

#[test]
fn anyone_settles_with_a_bond_when_the_coordinator_is_silent() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = five_rounds();
        let entitled = paid_by_weight(&Entitlements::new(), &rounds, 100);
        let settle_by = |who, record| Tally::settle_epoch(signed(who), record, [0; 64]);
        wait(WINDOWS.settle_ms - 1);
        assert_noop!(settle_by(STRANGER, record(&entitled)), Error::<Test>::SettlesTooEarly);
        wait(1);
        assert_ok!(settle_by(STRANGER, record(&entitled)));
        assert_eq!(held(HoldReason::Bond, &STRANGER), 200);
        // what a stranger answers for is final before anybody builds on it
        let next = paid_by_weight(&entitled, &[work(&[(0, 1), (2, 1)])], 20);
        wait(FINAL_MS - 1);
        assert_noop!(claim_all(0, &entitled), Error::<Test>::EpochNotFinal);
        wait(1);
        assert_ok!(settle(record(&next)));
        assert_eq!(held(HoldReason::Bond, &STRANGER), 0);
    });
}

#[test]
fn nobody_builds_on_a_stranger_s_epoch_before_it_is_final() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = five_rounds();
        let later = [work(&[(0, 1), (2, 1)])];
        wait(WINDOWS.settle_ms);
        let first = paid_by_weight(&Entitlements::new(), &rounds, 100);
        let header = Rounds::<Test>::get(0, 4).unwrap().header;
        let record_0 = Epoch { last_round: 4, last_header: header, ..record(&first) };
        assert_ok!(Tally::settle_epoch(signed(STRANGER), record_0, [0; 64]));
        let second = paid_by_weight(&first, &later, 20);
        assert_noop!(settle(record(&second)), Error::<Test>::EpochsPending);
        wait(FINAL_MS);
        // a claim gives the bond back too
        assert_ok!(claim_all(0, &first));
        assert_eq!(held(HoldReason::Bond, &STRANGER), 0);
        assert_ok!(settle(record(&second)));
    });
}

#[test]
fn an_objection_freezes_the_run_s_payments_until_it_is_resolved() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let first = settled();
        assert_noop!(Tally::object(signed(STRANGER), 0, 0, [7; 32]), Error::<Test>::EpochIsFinal);
        assert_noop!(Tally::object(signed(STRANGER), 0, 1, [7; 32]), Error::<Test>::UnknownEpoch);
        let second = paid_by_weight(&first, &five_rounds(), 100);
        assert_ok!(settle(record(&second)));
        assert_ok!(Tally::object(signed(STRANGER), 0, 1, [7; 32]));
        System::assert_last_event(
            Event::EpochObjected { run: 0, epoch: 1, by: STRANGER, reason: [7; 32] }.into(),
        );
        let again = Tally::object(signed(HOSPITAL), 0, 1, [7; 32]);
        assert_noop!(again, Error::<Test>::EpochNotSettled);
        assert_eq!((run().objections, held(HoldReason::Deposit, &STRANGER)), (1, DEPOSIT));
        wait(FINAL_MS);
        assert_noop!(claim_all(0, &first), Error::<Test>::EpochNotFinal);
        assert_noop!(claim_all(1, &second), Error::<Test>::EpochNotFinal);
        assert_noop!(Tally::close_run(signed(OWNER), 0), Error::<Test>::EpochsPending);
        let not_registrar = Tally::resolve(signed(STRANGER), 0, 1, false);
        assert_noop!(not_registrar, Error::<Test>::NotRegistrar);
        assert_noop!(Tally::resolve(signed(REGISTRAR), 0, 0, false), Error::<Test>::NotObjected);
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 1, false));
        System::assert_last_event(Event::ObjectionRejected { run: 0, epoch: 1 }.into());
        assert_eq!(Balances::total_issuance(), 5 * BALANCE - DEPOSIT);
        assert_ok!(claim_all(1, &second));
    });
}

#[test]
fn an_upheld_objection_voids_and_slashes() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let first = settled();
        let rounds = five_rounds();
        let wrong = paid_by_weight(&first, &[work(&[(2, 1), (3, 1)])], 100);
        wait(FINAL_MS);
        let header = Rounds::<Test>::get(0, 9).unwrap().header;
        let until_9 = |entitled| Epoch { last_round: 9, last_header: header, ..record(entitled) };
        assert_ok!(settle(until_9(&wrong)));
        assert_ok!(Tally::object(signed(STRANGER), 0, 1, [7; 32]));
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 1, true));
        System::assert_last_event(
            Event::EpochVoided { run: 0, epoch: 1, challenger: STRANGER, slashed: 200, reward: 20 }
                .into(),
        );
        assert_eq!(Balances::balance(&STRANGER), BALANCE + 20);
        assert_eq!(Balances::total_issuance(), 5 * BALANCE - 180);
        let stopped = run();
        assert_eq!((stopped.epoch, stopped.allotted, stopped.settled_rounds), (1, 100, 5));
        assert_eq!((stopped.bond, stopped.objections), (0, 0));
        assert_eq!(stopped.status, RunStatus::Halted);
        // the same number is settled again, for a bond of its own
        let right = paid_by_weight(&first, &rounds, 100);
        assert_ok!(settle(until_9(&right)));
        assert_eq!(held(HoldReason::Bond, &COORDINATOR), 200);
        wait(FINAL_MS);
        assert_ok!(claim_all(1, &right));
        assert_eq!((held(HoldReason::Bond, &COORDINATOR), run().paid), (0, 200));
    });
}

/// The record over these entitlements that ends at this round.
fn record_until(entitled: &Entitlements, last_round: RoundNumber) -> Epoch {
    let last_header = Rounds::<Test>::get(0, last_round).unwrap().header;
    Epoch { last_round, last_header, ..record(entitled) }
}

#[test]
fn what_was_built_on_a_void_epoch_does_not_count() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds: Vec<Work> = (0..3).map(|_| work(&[(0, 1), (2, 1)])).collect();
        wait(FINAL_MS);
        let mut entitled = Entitlements::new();
        for round in &rounds {
            entitled = paid_by_weight(&entitled, std::slice::from_ref(round), 20);
            assert_ok!(settle(record_until(&entitled, round.round)));
        }
        assert_eq!((run().epoch, run().allotted), (3, 60));
        assert_ok!(Tally::object(signed(HOSPITAL), 0, 1, [7; 32]));
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 1, true));
        assert_eq!((run().epoch, run().allotted, run().settled_rounds), (1, 20, 1));
        wait(FINAL_MS);
        assert_noop!(claim_all(2, &entitled), Error::<Test>::UnknownEpoch);
        // both rounds that came free are settled in one epoch
        let first = paid_by_weight(&Entitlements::new(), &rounds[..1], 20);
        let second = paid_by_weight(&first, &rounds[1..], 40);
        assert_ok!(settle(record(&second)));
        assert_eq!((run().epoch, run().allotted, run().settled_rounds), (2, 60, 3));
    });
}

#[test]
fn an_objection_to_an_epoch_that_died_costs_nothing() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let works: Vec<Work> = (0..2).map(|_| work(&[(0, 1), (2, 1)])).collect();
        wait(FINAL_MS);
        let first = paid_by_weight(&Entitlements::new(), &works[..1], 20);
        let header = Rounds::<Test>::get(0, 0).unwrap().header;
        assert_ok!(settle(Epoch { last_round: 0, last_header: header, ..record(&first) }));
        let second = paid_by_weight(&first, &works[1..], 20);
        assert_ok!(settle(record(&second)));
        assert_ok!(Tally::object(signed(STRANGER), 0, 0, [7; 32]));
        assert_ok!(Tally::object(signed(HOSPITAL), 0, 1, [7; 32]));
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 0, true));
        assert_eq!((run().epoch, run().objections), (0, 1));
        // settling number 1 anew, or the registrar, ends the objection to what stood there
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 1, true));
        assert_eq!((run().objections, held(HoldReason::Deposit, &HOSPITAL)), (0, 0));
        assert_noop!(Tally::resolve(signed(REGISTRAR), 0, 1, true), Error::<Test>::NotObjected);
    });
}

#[test]
fn settling_a_number_again_ends_an_old_objection() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let works: Vec<Work> = (0..2).map(|_| work(&[(0, 1), (2, 1)])).collect();
        wait(FINAL_MS);
        let first = paid_by_weight(&Entitlements::new(), &works[..1], 20);
        let header = Rounds::<Test>::get(0, 0).unwrap().header;
        let record_0 = || Epoch { last_round: 0, last_header: header, ..record(&first) };
        assert_ok!(settle(record_0()));
        let second = paid_by_weight(&first, &works[1..], 20);
        assert_ok!(settle(record(&second)));
        assert_ok!(Tally::object(signed(STRANGER), 0, 0, [7; 32]));
        assert_ok!(Tally::object(signed(HOSPITAL), 0, 1, [7; 32]));
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 0, true));
        // the coordinator lost its bond and binds itself for each epoch: one at a time
        assert_ok!(settle(record_0()));
        assert_noop!(settle(record(&second)), Error::<Test>::EpochsPending);
        assert_ok!(Tally::resolve(signed(REGISTRAR), 0, 1, false));
        wait(FINAL_MS);
        assert_ok!(settle(record(&second)));
        assert_eq!((run().objections, held(HoldReason::Deposit, &HOSPITAL)), (0, 0));
    });
}

#[test]
fn a_coordinator_needs_its_bond_to_accept() {
    in_new_state(|| {
        let payout = Payout { epoch_budget: BALANCE / 2 + 1, ..PAYOUT };
        let terms = RunTerms { payout, ..TERMS };
        assert_ok!(Tally::create_run(signed(OWNER), COORDINATOR, terms, BALANCE - 1));
        let accepted = Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20));
        assert_noop!(accepted, sp_runtime::TokenError::FundsUnavailable);
    });
}
