//! Demands: who may ask for what, how long, and what it costs.

use crate::{federation::*, mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use tally_records::records::{receipt_hash, Promise};

fn on_hold(who: &sp_runtime::AccountId32) -> u128 {
    Balances::balance_on_hold(&HoldReason::Deposit.into(), who)
}

fn demand(round: RoundNumber, subject: Subject) -> frame_support::dispatch::DispatchResult {
    Tally::demand(signed(STRANGER), 0, round, subject)
}

/// Round 0 as committed.
fn committed() -> Evidence {
    with_federation();
    let mut round = next_round();
    round.commit();
    round
}

fn promised(promise: Promise) -> Subject {
    Subject::Promise(by_coordinator(promise))
}

#[test]
fn a_demand_holds_a_deposit_and_its_answer_burns_it() {
    in_new_state(|| {
        let round = committed();
        let issuance = Balances::total_issuance();
        assert_ok!(demand(0, Subject::Leaf(1)));
        let (wanted, deadline_ms) = (Wanted::Leaf(1), NOW_MS + 10 + WINDOWS.challenge_ms);
        System::assert_last_event(
            Event::Demanded {
                run: 0,
                round: 0,
                demand: 0,
                challenger: STRANGER,
                wanted,
                deadline_ms,
            }
            .into(),
        );
        assert_eq!(
            (on_hold(&STRANGER), Balances::balance(&STRANGER)),
            (DEPOSIT, BALANCE - DEPOSIT)
        );
        assert_eq!(OpenDemands::<Test>::get(0)[..], [(0, 0)]);
        assert_ok!(round.answer(0, 1));
        System::assert_last_event(Event::Answered { run: 0, round: 0, demand: 0 }.into());
        assert_eq!((on_hold(&STRANGER), Balances::balance(&STRANGER)), (0, BALANCE - DEPOSIT));
        assert_eq!(Balances::total_issuance(), issuance - DEPOSIT);
        assert!(OpenDemands::<Test>::get(0).is_empty());
        assert_noop!(round.answer(0, 1), Error::<Test>::UnknownDemand);
    });
}

#[test]
fn demands_are_refused() {
    in_new_state(|| {
        let round = committed();
        assert_noop!(
            Tally::demand(signed(STRANGER), 1, 0, Subject::Leaf(0)),
            Error::<Test>::UnknownRun
        );
        assert_noop!(demand(1, Subject::Leaf(0)), Error::<Test>::UnknownRound);
        assert_noop!(demand(0, Subject::Leaf(3)), Error::<Test>::NoSuchLeaf);
        assert_ok!(demand(0, Subject::Leaf(2)));
        assert_noop!(demand(0, Subject::Leaf(2)), Error::<Test>::DemandExists);
        let poor = sp_runtime::AccountId32::new([99; 32]);
        assert_noop!(
            Tally::demand(signed(poor), 0, 0, Subject::Leaf(0)),
            sp_runtime::TokenError::FundsUnavailable
        );
        let good = round.promise(1, [1; 32]);
        let refused = |promise: Promise, error: Error<Test>| {
            assert_noop!(demand(0, promised(promise)), error);
        };
        refused(Promise { chain: [1; 32], ..good.clone() }, Error::WrongChain);
        refused(Promise { run: 1, ..good.clone() }, Error::WrongPlace);
        refused(Promise { round: 1, ..good.clone() }, Error::WrongPlace);
        let forged = Signed { signature: sign(&good, 21), record: good };
        assert_noop!(demand(0, Subject::Promise(forged)), Error::<Test>::BadSignature);
    });
}

#[test]
fn a_round_can_be_asked_about_in_its_window_alone() {
    in_new_state(|| {
        committed();
        let end = NOW_MS + 10 + WINDOWS.challenge_ms;
        move_to(BLOCK + 2, end - 1);
        assert_ok!(demand(0, Subject::Leaf(0)));
        move_to(BLOCK + 3, end);
        assert_noop!(demand(0, Subject::Leaf(1)), Error::<Test>::WindowOver);
    });
}

#[test]
fn a_closed_run_answers_nothing() {
    in_new_state(|| {
        committed();
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Closed);
        assert_noop!(demand(0, Subject::Leaf(0)), Error::<Test>::RunNotOpen);
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Halted);
        assert_ok!(demand(0, Subject::Leaf(0)));
    });
}

#[test]
fn sixteen_demands_of_a_run_are_open_at_most() {
    in_new_state(|| {
        with_federation();
        let rounds: Vec<Evidence> = (0..6)
            .map(|_| {
                let mut round = next_round();
                round.commit();
                round
            })
            .collect();
        for index in 0..MAX_OPEN_DEMANDS {
            assert_ok!(demand(index / 3, Subject::Leaf(index % 3)));
        }
        assert_noop!(demand(5, Subject::Leaf(2)), Error::<Test>::TooManyDemands);
        assert_ok!(rounds[0].answer(1, 1));
        assert_ok!(demand(5, Subject::Leaf(2)));
        assert_eq!(on_hold(&STRANGER), DEPOSIT * u128::from(MAX_OPEN_DEMANDS));
    });
}

#[test]
fn numbers_of_demands_end() {
    in_new_state(|| {
        committed();
        NextDemand::<Test>::insert(0, u32::MAX);
        assert_noop!(demand(0, Subject::Leaf(0)), Error::<Test>::NumbersUsedUp);
    });
}

#[test]
fn an_answer_comes_by_the_deadline_to_the_demand_it_is_for() {
    in_new_state(|| {
        let round = committed();
        assert_ok!(demand(0, Subject::Leaf(1)));
        let leaf = round.leaf_proof(1);
        let counted = Answer::Counted { index: 1, leaf: leaf.leaf, proof: leaf.proof };
        let answer = |answer| Tally::answer(signed(COORDINATOR), 0, 0, 0, answer);
        assert_noop!(answer(counted), Error::<Test>::OtherSubject);
        let deadline = NOW_MS + 10 + WINDOWS.challenge_ms;
        move_to(BLOCK + 2, deadline + 1);
        assert_noop!(round.answer(0, 1), Error::<Test>::WindowOver);
        move_to(BLOCK + 2, deadline);
        assert_ok!(round.answer(0, 1));
    });
}

#[test]
fn a_promise_is_answered_by_the_leaf_that_counts_its_receipt() {
    in_new_state(|| {
        let round = committed();
        let receipt = round.leaves[1].receipt;
        assert_ok!(demand(0, promised(round.promise(1, receipt))));
        let counted = |index| {
            let LeafProof { leaf, proof } = round.leaf_proof(index);
            let answer = Answer::Counted { index, leaf, proof };
            Tally::answer(signed(COORDINATOR), 0, 0, 0, answer)
        };
        assert_noop!(counted(0), Error::<Test>::OtherReceipt);
        let LeafProof { mut leaf, proof } = round.leaf_proof(1);
        leaf.weight += 1;
        let forged = Answer::Counted { index: 1, leaf, proof };
        let forged = Tally::answer(signed(COORDINATOR), 0, 0, 0, forged);
        assert_noop!(forged, Error::<Test>::BadPath);
        assert_noop!(
            Tally::answer(signed(COORDINATOR), 0, 0, 0, Answer::Leaf(round.leaf(1))),
            Error::<Test>::OtherSubject
        );
        assert_ok!(counted(1));
    });
}

#[test]
fn the_promise_of_another_receipt_or_node_is_not_answered_by_the_leaf() {
    for (node, change) in [(1, true), (2, false)] {
        in_new_state(|| {
            let round = committed();
            let mut receipt = round.leaves[1].receipt;
            receipt[0] ^= u8::from(change);
            assert_ok!(demand(0, promised(round.promise(node, receipt))));
            let LeafProof { leaf, proof } = round.leaf_proof(1);
            let answer = Answer::Counted { index: 1, leaf, proof };
            let answer = Tally::answer(signed(COORDINATOR), 0, 0, 0, answer);
            assert_noop!(answer, Error::<Test>::OtherReceipt);
        });
    }
}

#[test]
fn in_an_empty_round_the_receipt_stands_among_the_exclusions() {
    let quorum_of = |reason: u8, included: u32| {
        with_federation();
        let mut round = next_round_with(included);
        let receipt = receipt_of(&round.task, 3);
        let receipt = receipt_hash(&receipt, &sign(&receipt, seed_of(3)));
        let last = round.excluded.len() - 1;
        round.excluded[last] = exclude(3, receipt, reason);
        round.commit();
        assert_ok!(demand(0, promised(round.promise(3, receipt))));
        let proof = round.exclusion_path(last);
        let answer = Answer::Quorum { index: last as u32, proof };
        Tally::answer(signed(COORDINATOR), 0, 0, 0, answer)
    };
    in_new_state(|| assert_eq!(quorum_of(QUORUM, 0), Ok(())));
    in_new_state(|| assert_eq!(quorum_of(1, 0), Err(Error::<Test>::BadPath.into())));
    in_new_state(|| assert_eq!(quorum_of(QUORUM, 3), Err(Error::<Test>::RoundNotEmpty.into())));
}
