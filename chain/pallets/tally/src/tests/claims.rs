//! Claims, and what is left when a run is closed.

use crate::{mock::*, payroll::*, *};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use sp_runtime::AccountId32;

const PAYOUT: Payout = TERMS.payout;

#[test]
fn anyone_has_anyone_paid_once() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let entitled = settled();
        let all = claims(&entitled);
        let Claim { index, leaf, proof } = all[2].clone();
        let account: AccountId32 = leaf.account.into();
        let claim = || Tally::claim(signed(STRANGER), 0, 0, index, leaf.clone(), proof.clone());
        assert_ok!(claim());
        System::assert_last_event(
            Event::Claimed { run: 0, account: account.clone(), amount: 60 }.into(),
        );
        assert_eq!((balance(leaf.account), run().paid), (60, 60));
        assert_eq!(held(HoldReason::Pot, &OWNER), 940);
        assert_noop!(claim(), Error::<Test>::NothingToClaim);
        // one that was paid already spoils the others
        let many = Tally::claim_many(signed(STRANGER), 0, 0, all.try_into().unwrap());
        assert_noop!(many, Error::<Test>::NothingToClaim);
        assert_ok!(claim_all(0, &entitled));
        assert_eq!(PAYEES.map(balance), [60, 30, 10]);
        assert_eq!((run().paid, run().allotted), (100, 100));
    });
}

#[test]
fn claims_are_refused() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = five_rounds();
        let entitled = paid_by_weight(&Entitlements::new(), &rounds, 100);
        assert_noop!(claim_all(0, &entitled), Error::<Test>::UnknownEpoch);
        assert_ok!(settle(record(&entitled)));
        wait(FINAL_MS - 1);
        assert_noop!(claim_all(0, &entitled), Error::<Test>::EpochNotFinal);
        wait(1);
        assert_noop!(
            Tally::claim_many(signed(STRANGER), 9, 0, Default::default()),
            Error::<Test>::UnknownRun
        );
        let good = claims(&entitled)[1].clone();
        type Change = fn(&mut Claim);
        let cases: [Change; 5] = [
            |c| c.index = 0,
            |c| c.index = 3,
            |c| c.leaf.cumulative += 1,
            |c| c.leaf.account = [0x34; 32],
            |c| {
                c.proof.pop();
            },
        ];
        for change in cases {
            let mut claim = good.clone();
            change(&mut claim);
            let Claim { index, leaf, proof } = claim;
            let refused = Tally::claim(signed(STRANGER), 0, 0, index, leaf, proof);
            assert_noop!(refused, Error::<Test>::WrongProof);
        }
    });
}

#[test]
fn only_the_newest_final_epoch_is_claimed_against() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let first = settled();
        let second = paid_by_weight(&first, &five_rounds(), 100);
        assert_ok!(settle(record(&second)));
        // the second is not final yet, so the first is the newest
        assert_noop!(claim_all(1, &second), Error::<Test>::EpochNotFinal);
        assert_ok!(claim_all(0, &first));
        wait(FINAL_MS);
        assert_noop!(claim_all(0, &first), Error::<Test>::EpochOutOfDate);
        assert_ok!(claim_all(1, &second));
        assert_eq!(PAYEES.map(balance), [120, 60, 20]);
    });
}

#[test]
fn a_missed_epoch_is_paid_with_the_next() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let first = settled();
        let second = paid_by_weight(&first, &five_rounds(), 100);
        assert_ok!(settle(record(&second)));
        wait(FINAL_MS);
        assert_ok!(claim_all(1, &second));
        assert_eq!((run().paid, PAYEES.map(balance)), (200, [120, 60, 20]));
    });
}

#[test]
fn closing_keeps_what_final_rounds_earned() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let first = settled();
        let late = work(&[(0, 1), (2, 1)]);
        assert_noop!(Tally::close_run(signed(OWNER), 0), Error::<Test>::RoundsPending);
        wait(FINAL_MS);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        System::assert_last_event(Event::RunClosed { run: 0, refund: 880 }.into());
        assert_eq!((run().funded, held(HoldReason::Pot, &OWNER)), (120, 120));
        assert_eq!(held(HoldReason::Bond, &COORDINATOR), 0);
        assert_noop!(Tally::prune(signed(OWNER), 0, 9), Error::<Test>::EpochsPending);
        // the last round is settled after the end, for a bond of its own
        let second = paid_by_weight(&first, &[late], 20);
        assert_ok!(settle(record(&second)));
        assert_eq!(held(HoldReason::Bond, &COORDINATOR), 200);
        wait(FINAL_MS);
        assert_ok!(claim_all(1, &second));
        assert_eq!((run().paid, held(HoldReason::Pot, &OWNER)), (120, 0));
        assert_eq!(held(HoldReason::Bond, &COORDINATOR), 0);
        let paid: u128 = PAYEES.map(balance).iter().sum();
        assert_eq!(Balances::balance(&OWNER) + paid, BALANCE);
        assert_ok!(Tally::prune(signed(OWNER), 0, 9));
    });
}

#[test]
fn what_scores_leave_in_a_closed_run_goes_back_when_it_is_final() {
    in_new_state(|| {
        with_payroll(Payout { policy: PayoutPolicy::Contribution, ..PAYOUT });
        five_rounds();
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_eq!(held(HoldReason::Pot, &OWNER), 100);
        assert_ok!(settle(record(&Entitlements::new())));
        let give_back = || Tally::claim_many(signed(OWNER), 0, 0, Default::default());
        assert_noop!(give_back(), Error::<Test>::EpochNotFinal);
        wait(FINAL_MS);
        assert_ok!(give_back());
        assert_eq!((held(HoldReason::Pot, &OWNER), held(HoldReason::Bond, &COORDINATOR)), (0, 0));
        assert_eq!(Balances::balance(&OWNER), BALANCE);
    });
}

#[test]
fn an_epoch_in_its_window_keeps_run_and_coordinator() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let entitled = paid_by_weight(&Entitlements::new(), &five_rounds(), 100);
        assert_ok!(settle(record(&entitled)));
        assert_noop!(Tally::close_run(signed(OWNER), 0), Error::<Test>::EpochsPending);
        assert_eq!(run().bond, 200);
    });
}
