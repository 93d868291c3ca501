//! Halting, other coordinators and keys, attestations, pruning, graduating.

use crate::{federation::*, mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use tally_records::records::Promise;

fn run() -> RunOf<Test> {
    Runs::<Test>::get(0).unwrap()
}

fn halt(ground: Ground) -> frame_support::dispatch::DispatchResult {
    Tally::halt(signed(STRANGER), 0, ground)
}

fn past_due(promise: Promise) -> Ground {
    Ground::PromisePastDue(by_coordinator(promise))
}

/// Halted for silence, one round counting and final.
fn with_halted_run() {
    with_federation();
    next_round().commit();
    move_to(BLOCK + 50, NOW_MS + 11 + WINDOWS.halt_ms);
    halt(Ground::Silence).unwrap();
}

#[test]
fn anyone_halts_a_run_whose_coordinator_is_silent() {
    in_new_state(|| {
        with_federation();
        // silent since the acceptance
        move_to(BLOCK + 2, NOW_MS + WINDOWS.halt_ms);
        assert_noop!(halt(Ground::Silence), Error::<Test>::NotSilent);
        next_round().commit();
        move_to(BLOCK + 3, NOW_MS + 2 * WINDOWS.halt_ms);
        assert_noop!(halt(Ground::Silence), Error::<Test>::NotSilent);
        move_to(BLOCK + 3, NOW_MS + 2 * WINDOWS.halt_ms + 1);
        assert_ok!(halt(Ground::Silence));
        System::assert_last_event(Event::RunHalted { run: 0 }.into());
        assert_eq!((run().status, run().bond), (RunStatus::Halted, 200));
        assert_noop!(halt(Ground::Silence), Error::<Test>::RunNotOpen);
        assert_noop!(commit(next_round().seal()), Error::<Test>::RunNotOpen);
        let unknown = Tally::halt(signed(STRANGER), 1, Ground::Silence);
        assert_noop!(unknown, Error::<Test>::UnknownRun);
    });
}

#[test]
fn anyone_halts_a_run_by_a_promise_past_due() {
    in_new_state(|| {
        with_federation();
        let round = next_round();
        let promise = round.promise(1, round.leaves[1].receipt);
        let due_ms = promise.due_ms;
        move_to(BLOCK + 2, due_ms);
        assert_noop!(halt(past_due(promise.clone())), Error::<Test>::PromiseNotDue);
        move_to(BLOCK + 2, due_ms + 1);
        let elsewhere = Promise { run: 1, ..promise.clone() };
        assert_noop!(halt(past_due(elsewhere)), Error::<Test>::WrongPlace);
        let elsewhere = Promise { chain: [1; 32], ..promise.clone() };
        assert_noop!(halt(past_due(elsewhere)), Error::<Test>::WrongChain);
        let signature = sign(&promise, 21);
        let forged = Signed { record: promise.clone(), signature };
        assert_noop!(halt(Ground::PromisePastDue(forged)), Error::<Test>::BadSignature);
        assert_ok!(halt(past_due(promise)));
        assert_eq!(run().status, RunStatus::Halted);
    });
}

#[test]
fn a_promise_of_a_committed_round_is_demanded_instead() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let promise = round.promise(1, round.leaves[1].receipt);
        move_to(BLOCK + 2, promise.due_ms + 1);
        assert_noop!(halt(past_due(promise)), Error::<Test>::RoundCommitted);
    });
}

#[test]
fn another_coordinator_goes_on_from_the_newest_round_that_counts() {
    in_new_state(|| {
        with_halted_run();
        let head = run().head;
        assert_ok!(Tally::replace_coordinator(signed(OWNER), 0, STRANGER));
        System::assert_last_event(
            Event::CoordinatorReplaced { run: 0, coordinator: STRANGER }.into(),
        );
        // the bond goes back, and what the first one may have signed for is skipped
        assert_eq!(Balances::balance(&COORDINATOR), BALANCE);
        let next = 1 + MAX_OPEN_ROUNDS;
        assert_eq!((run().status, run().next_round), (RunStatus::Proposed, next));
        assert_eq!(run().head, head);
        let old = Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20));
        assert_noop!(old, Error::<Test>::NotCoordinator);
        assert_ok!(Tally::accept_run(signed(STRANGER), 0, key(25), proof(STRANGER, 25)));
        let last = CoordinatorKey { from_round: next, key: key(25) };
        assert_eq!((run().coordinator_keys.len(), run().coordinator_keys.last()), (2, Some(&last)));
        assert_eq!((run().head, run().bond, run().status), (head, 200, RunStatus::Open));
        let header = next_round().seal();
        assert_eq!((header.round, header.prev), (next, head));
        let by_old = Tally::commit_round(signed(COORDINATOR), header.clone(), sign(&header, 20));
        assert_noop!(by_old, Error::<Test>::NotCoordinator);
        let old_key = Tally::commit_round(signed(STRANGER), header.clone(), sign(&header, 20));
        assert_noop!(old_key, Error::<Test>::BadSignature);
        assert_ok!(Tally::commit_round(signed(STRANGER), header.clone(), sign(&header, 25)));
        // the new one's promises are judged by its key
        assert!(!Tally::is_void(0, next));
    });
}

#[test]
fn nobody_answers_for_the_coordinator_before() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        let open = next_round();
        let tasks = [0, 1].map(|n| {
            let record = tally_records::records::Task { deadline_ms: n, ..open.task.clone() };
            by_coordinator(record)
        });
        move_to(BLOCK + 50, NOW_MS + 11 + WINDOWS.halt_ms);
        assert_ok!(halt(Ground::Silence));
        assert_ok!(Tally::replace_coordinator(signed(OWNER), 0, STRANGER));
        assert_ok!(Tally::accept_run(signed(STRANGER), 0, key(25), proof(STRANGER, 25)));
        let [first, second] = tasks;
        let fault = Tally::dispute(signed(HOSPITAL), Fault::Tasks(first, second));
        assert_noop!(fault, Error::<Test>::UnknownRound);
    });
}

#[test]
fn replacements_are_refused() {
    in_new_state(|| {
        let replace = |who| Tally::replace_coordinator(signed(who), 0, STRANGER);
        assert_noop!(replace(OWNER), Error::<Test>::UnknownRun);
        with_federation();
        assert_noop!(replace(COORDINATOR), Error::<Test>::NotRunOwner);
        assert_noop!(replace(OWNER), Error::<Test>::RunNotHalted);
        let mut round = next_round();
        round.commit();
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Halted);
        assert_noop!(replace(OWNER), Error::<Test>::RoundsPending);
        let demand = round.demand(0);
        move_to(BLOCK + 2, NOW_MS + 10 + WINDOWS.challenge_ms);
        assert_noop!(replace(OWNER), Error::<Test>::DemandsPending);
        assert_ok!(round.answer(demand, 0));
        assert_ok!(replace(OWNER));
        // before anybody accepts, the owner may change its mind, and no number is skipped for it
        let next = run().next_round;
        assert_ok!(Tally::replace_coordinator(signed(OWNER), 0, REGISTRAR));
        assert_eq!((run().coordinator, run().next_round), (REGISTRAR, next));
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_noop!(replace(OWNER), Error::<Test>::RunNotHalted);
    });
}

#[test]
fn a_run_that_was_voided_too_often_can_only_be_closed() {
    in_new_state(|| {
        with_federation();
        let mut newest = 0;
        for _ in 1..MAX_VOID_SPANS {
            newest = next_round().commit();
            let mut run = run();
            assert!(Tally::void_from(0, &mut run, newest + 1));
            Runs::<Test>::insert(0, run);
        }
        next_round().commit();
        move_to(BLOCK + 50, NOW_MS + 100_000);
        assert_ok!(halt(Ground::Silence));
        let replace = Tally::replace_coordinator(signed(OWNER), 0, STRANGER);
        assert_noop!(replace, Error::<Test>::TooManyVoids);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert!(newest > 0);
    });
}

fn replace_key(seed: u8) -> frame_support::dispatch::DispatchResult {
    let proof = proof(COORDINATOR, seed);
    Tally::replace_coordinator_key(signed(COORDINATOR), 0, key(seed), proof)
}

#[test]
fn a_coordinator_signs_with_another_key_from_the_next_round_on() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        assert_ok!(replace_key(21));
        System::assert_last_event(
            Event::CoordinatorKeyReplaced { run: 0, key: key(21), from_round: 1 }.into(),
        );
        let header = next_round().seal();
        assert_noop!(commit(header.clone()), Error::<Test>::BadSignature);
        let signature = sign(&header, 21);
        assert_ok!(Tally::commit_round(signed(COORDINATOR), header, signature));
    });
}

#[test]
fn key_replacements_are_refused() {
    in_new_state(|| {
        assert_noop!(replace_key(21), Error::<Test>::UnknownRun);
        with_federation();
        // the history of keys is not rewritten: each must have had a round
        assert_noop!(replace_key(21), Error::<Test>::KeyNotUsedYet);
        next_round().commit();
        let by_owner = Tally::replace_coordinator_key(signed(OWNER), 0, key(21), proof(OWNER, 21));
        assert_noop!(by_owner, Error::<Test>::NotCoordinator);
        let unproved =
            Tally::replace_coordinator_key(signed(COORDINATOR), 0, key(21), proof(OWNER, 21));
        assert_noop!(unproved, Error::<Test>::BadProof);
        assert_noop!(replace_key(10), Error::<Test>::KeyInUse);
        Runs::<Test>::mutate(0, |run| run.as_mut().unwrap().status = RunStatus::Halted);
        assert_noop!(replace_key(21), Error::<Test>::RunNotOpen);
    });
}

#[test]
fn a_run_has_at_most_sixteen_keys() {
    in_new_state(|| {
        with_federation();
        let mut seed = 20;
        for _ in 1..MAX_COORDINATOR_KEYS {
            let header = next_round().seal();
            let signature = sign(&header, seed);
            assert_ok!(Tally::commit_round(signed(COORDINATOR), header, signature));
            seed += 1;
            assert_ok!(replace_key(seed));
        }
        let header = next_round().seal();
        let signature = sign(&header, seed);
        assert_ok!(Tally::commit_round(signed(COORDINATOR), header, signature));
        assert_noop!(replace_key(seed + 1), Error::<Test>::TooManyKeys);
    });
}

#[test]
fn verdicts_stand_beside_a_round_until_it_is_pruned() {
    in_new_state(|| {
        with_federation_on(unpaid());
        let attest = |who, round, verdict| Tally::attest(signed(who), 0, round, verdict);
        assert_noop!(attest(STRANGER, 0, [1; 32]), Error::<Test>::UnknownRound);
        next_round().commit();
        assert_ok!(attest(STRANGER, 0, [1; 32]));
        System::assert_last_event(
            Event::Attested { run: 0, round: 0, who: STRANGER, verdict: [1; 32] }.into(),
        );
        // a second thought takes the place of the first, and costs no second deposit
        assert_ok!(attest(STRANGER, 0, [2; 32]));
        assert_ok!(attest(HOSPITAL, 0, [3; 32]));
        let stored = [(STRANGER, [2; 32]), (HOSPITAL, [3; 32])];
        assert_eq!(Attests::<Test>::get(0, 0)[..], stored);
        let held = |who| Balances::balance_on_hold(&HoldReason::Deposit.into(), &who);
        assert_eq!((held(STRANGER), held(HOSPITAL)), (DEPOSIT, DEPOSIT));
        let prune = |who, rounds| Tally::prune(signed(who), 0, rounds);
        assert_noop!(prune(OWNER, 1), Error::<Test>::RunNotClosed);
        move_to(BLOCK + 2, NOW_MS + 10 + WINDOWS.challenge_ms);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_noop!(prune(STRANGER, 1), Error::<Test>::NotRunOwner);
        assert_noop!(prune(OWNER, 0), Error::<Test>::NothingToPrune);
        assert_ok!(prune(OWNER, 10));
        System::assert_last_event(Event::Pruned { run: 0, until: 1 }.into());
        assert_eq!((held(STRANGER), held(HOSPITAL)), (0, 0));
        assert_eq!(Rounds::<Test>::get(0, 0), None);
        assert_noop!(prune(REGISTRAR, 10), Error::<Test>::NothingToPrune);
    });
}

#[test]
fn a_round_has_at_most_eight_verdicts() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        let auditor = |n| sp_runtime::AccountId32::new([100 + n; 32]);
        for n in 0..=MAX_ATTESTS as u8 {
            use frame_support::traits::fungible::Mutate;
            Balances::mint_into(&auditor(n), 100).unwrap();
        }
        for n in 0..MAX_ATTESTS as u8 {
            assert_ok!(Tally::attest(signed(auditor(n)), 0, 0, [n; 32]));
        }
        let more = Tally::attest(signed(auditor(MAX_ATTESTS as u8)), 0, 0, [0; 32]);
        assert_noop!(more, Error::<Test>::TooManyAttests);
        assert_ok!(Tally::attest(signed(auditor(0)), 0, 0, [9; 32]));
    });
}

#[test]
fn pruning_goes_in_pieces() {
    in_new_state(|| {
        with_federation_on(unpaid());
        for _ in 0..5 {
            next_round().commit();
        }
        move_to(BLOCK + 2, NOW_MS + 10 + WINDOWS.challenge_ms);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_ok!(Tally::prune(signed(REGISTRAR), 0, 2));
        assert_eq!(Rounds::<Test>::iter_prefix(0).count(), 3);
        assert_ok!(Tally::prune(signed(OWNER), 0, u32::MAX));
        assert_eq!(Rounds::<Test>::iter_prefix(0).count(), 0);
    });
}

#[test]
fn one_call_prunes_so_many_rounds_and_no_more() {
    in_new_state(|| {
        with_federation_on(unpaid());
        for _ in 0..MAX_PRUNED_ROUNDS + 1 {
            commit(next_header(0)).unwrap();
        }
        move_to(BLOCK + 2, NOW_MS + 10 + WINDOWS.challenge_ms);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_ok!(Tally::prune(signed(OWNER), 0, u32::MAX));
        assert_eq!(Rounds::<Test>::iter_prefix(0).count(), 1);
    });
}

#[test]
fn a_chain_graduates_once() {
    in_new_state(|| {
        let graduate = || Tally::graduate(signed(REGISTRAR));
        assert_noop!(Tally::graduate(signed(STRANGER)), Error::<Test>::NotRegistrar);
        Authorities::set(&1);
        assert_noop!(graduate(), Error::<Test>::TooFewAuthorities);
        Authorities::set(&2);
        HasDevelopmentKey::set(&true);
        assert_noop!(graduate(), Error::<Test>::DevelopmentKey);
        HasDevelopmentKey::set(&false);
        assert_ok!(graduate());
        System::assert_last_event(Event::Graduated.into());
        assert!(!Embedded::<Test>::get());
        assert_noop!(graduate(), Error::<Test>::NotEmbedded);
    });
}

#[test]
fn an_owner_without_a_balance_keeps_its_account() {
    in_new_state(|| {
        with_federation();
        use frame_support::traits::fungible::Mutate;
        use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
        let all = Balances::balance(&HOSPITAL);
        let (exact, force) = (Precision::Exact, Fortitude::Force);
        Balances::burn_from(&HOSPITAL, all, Preservation::Expendable, exact, force).unwrap();
        assert!(System::account_exists(&HOSPITAL));
        assert_ok!(Tally::revoke_consent(signed(HOSPITAL), 0, 1));
    });
}
