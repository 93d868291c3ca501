//! Disputes about entitlements.

use crate::{mock::*, payroll::*, *};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::AccountId32;
use tally_records::records::Epoch;

const PAYOUT: Payout = TERMS.payout;
const ALIKE: Payout = Payout { policy: PayoutPolicy::Equal, ..PAYOUT };

/// Weights of an epoch's two rounds: 70 by the first organisation, 20, 10.
const TWO_ROUNDS: [&[(NodeId, u64)]; 2] = [&[(0, 10), (1, 25), (2, 20)], &[(1, 35), (3, 10)]];

/// What is shown in a dispute.
struct Case {
    before: Entitlements,
    after: Entitlements,
    rounds: Vec<Work>,
}

impl Case {
    /// An epoch before (if any), two rounds, and an epoch of 40 that gives these parts to the payees.
    fn settled(payout: Payout, has_before: bool, parts: [u128; 3]) -> Self {
        with_payroll(payout);
        let mut before = Entitlements::new();
        if has_before {
            let rounds = [work(&[(0, 1), (2, 1)])];
            before = paid_by_weight(&before, &rounds, 20);
            wait(WINDOWS.challenge_ms);
            settle(record(&before)).unwrap();
        }
        let rounds: Vec<Work> = TWO_ROUNDS.iter().map(|weights| work(weights)).collect();
        wait(WINDOWS.challenge_ms);
        let mut after = before.clone();
        for (payee, part) in PAYEES.iter().zip(parts) {
            *after.entry(*payee).or_default() += part;
        }
        after.retain(|_, units| *units > 0);
        settle(record(&after)).unwrap();
        Self { before, after, rounds }
    }

    fn fault(&self, account: [u8; 32], shown: Vec<ShownLeaf>) -> ShareFault {
        ShareFault {
            run: 0,
            epoch: run().epoch - 1,
            account,
            before: standing(&self.before, account),
            after: standing(&self.after, account),
            shown: shown.try_into().unwrap(),
        }
    }

    fn dispute(&self, account: [u8; 32], shown: Vec<ShownLeaf>) -> DispatchResult {
        dispute(self.fault(account, shown))
    }

    fn all(&self) -> Vec<ShownLeaf> {
        show_all(&self.rounds)
    }
}

fn dispute(fault: ShareFault) -> DispatchResult {
    Tally::dispute(signed(STRANGER), Fault::Share(fault))
}

#[test]
fn right_shares_stand() {
    for has_before in [false, true] {
        in_new_state(|| {
            let case = Case::settled(PAYOUT, has_before, [28, 8, 4]);
            for payee in PAYEES {
                assert_noop!(case.dispute(payee, case.all()), Error::<Test>::FaultNotProven);
                assert_noop!(case.dispute(payee, vec![]), Error::<Test>::FaultNotProven);
                let part = case.rounds[0].show(0);
                assert_noop!(case.dispute(payee, vec![part]), Error::<Test>::FaultNotProven);
            }
            let nobody = case.dispute([0x34; 32], case.all());
            assert_noop!(nobody, Error::<Test>::FaultNotProven);
        });
    }
}

#[test]
fn one_unit_more_may_be_the_remainder_s_and_two_may_not() {
    for (parts, is_right) in [([29, 7, 4], false), ([27, 9, 4], false), ([28, 9, 3], false)] {
        in_new_state(|| {
            let case = Case::settled(PAYOUT, false, parts);
            let wrong = PAYEES.iter().filter(|payee| {
                frame_support::storage::with_transaction(|| {
                    let proved = case.dispute(**payee, case.all()).is_ok();
                    sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(
                        proved,
                    ))
                })
                .unwrap()
            });
            // whoever has a unit less than the floor proves it; one more is never proved
            assert_eq!(wrong.count() == 0, is_right, "{parts:?}");
        });
    }
    in_new_state(|| {
        let case = Case::settled(PAYOUT, false, [30, 7, 3]);
        assert_ok!(case.dispute(PAYEES[0], case.all()));
    });
}

#[test]
fn the_underpaid_needs_its_own_leaves_alone() {
    in_new_state(|| {
        let case = Case::settled(PAYOUT, true, [20, 16, 4]);
        let own = vec![case.rounds[0].show(0), case.rounds[0].show(1), case.rounds[1].show(0)];
        assert_ok!(case.dispute(PAYEES[0], own));
        System::assert_last_event(
            Event::EpochVoided { run: 0, epoch: 1, challenger: STRANGER, slashed: 200, reward: 20 }
                .into(),
        );
        assert_eq!((run().epoch, run().allotted, run().settled_rounds), (1, 20, 1));
        assert_eq!(run().status, RunStatus::Halted);
        assert_eq!(Balances::total_issuance(), 5 * BALANCE - 180);
    });
}

#[test]
fn the_overpaid_is_shown_by_what_others_did() {
    in_new_state(|| {
        let case = Case::settled(PAYOUT, false, [24, 12, 4]);
        // all but its own: at most 20 of 100 can be the second organisation's
        let others: Vec<ShownLeaf> =
            case.all().into_iter().filter(|shown| shown.leaf.node != 2).collect();
        assert_noop!(case.dispute(PAYEES[1], others[..2].to_vec()), Error::<Test>::FaultNotProven);
        assert_ok!(case.dispute(PAYEES[1], others));
    });
}

#[test]
fn who_did_nothing_is_paid_nothing() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = [work(&[(0, 1), (2, 1)])];
        wait(WINDOWS.challenge_ms);
        let mut after = paid_by_weight(&Entitlements::new(), &rounds, 19);
        after.insert([0x34; 32], 1);
        assert_ok!(settle(record(&after)));
        let case = Case { before: Entitlements::new(), after, rounds: rounds.to_vec() };
        assert_ok!(case.dispute([0x34; 32], case.all()));
    });
}

#[test]
fn a_decrease_is_shown_by_two_entitlements() {
    let before: Entitlements = [(PAYEES[0], 10), (PAYEES[1], 10)].into();
    let smaller: Entitlements = [(PAYEES[0], 51), (PAYEES[1], 9)].into();
    let gone: Entitlements = [(PAYEES[0], 30), (PAYEES[2], 30)].into();
    for (after, policy) in [(smaller, PayoutPolicy::Weight), (gone, PayoutPolicy::Contribution)] {
        in_new_state(|| {
            with_payroll(Payout { policy, ..PAYOUT });
            work(&[(0, 1), (2, 1)]);
            wait(WINDOWS.challenge_ms);
            assert_ok!(settle(record(&before)));
            let rounds: Vec<Work> = TWO_ROUNDS.iter().map(|weights| work(weights)).collect();
            wait(WINDOWS.challenge_ms);
            assert_ok!(settle(record(&after)));
            let case = Case { before: before.clone(), after, rounds };
            // who lost nothing shows nothing
            assert_noop!(case.dispute(PAYEES[0], vec![]), Error::<Test>::FaultNotProven);
            assert_ok!(case.dispute(PAYEES[1], vec![]));
        });
    }
}

#[test]
fn shares_alike_count_organisations() {
    in_new_state(|| {
        // 40 over three: 14, 13, 13
        let case = Case::settled(ALIKE, false, [14, 13, 13]);
        for payee in PAYEES {
            assert_noop!(case.dispute(payee, case.all()), Error::<Test>::FaultNotProven);
        }
        assert_noop!(case.dispute([0x34; 32], case.all()), Error::<Test>::FaultNotProven);
    });
    in_new_state(|| {
        let case = Case::settled(ALIKE, false, [15, 13, 12]);
        let first_round = case.all()[..3].to_vec();
        // the third organisation is not shown, but what is not shown may be several others'
        assert_noop!(case.dispute(PAYEES[2], first_round), Error::<Test>::FaultNotProven);
        assert_ok!(case.dispute(PAYEES[2], case.all()));
    });
    in_new_state(|| {
        // one leaf of each organisation shows that nobody gets more than a third and one
        let case = Case::settled(ALIKE, false, [15, 13, 12]);
        let one_each = vec![case.rounds[0].show(0), case.rounds[0].show(2), case.rounds[1].show(1)];
        assert_ok!(case.dispute(PAYEES[0], one_each));
    });
}

#[test]
fn scores_and_caps_are_not_decided_here() {
    for payout in [
        Payout { policy: PayoutPolicy::Contribution, ..PAYOUT },
        Payout { cap_ppm: PPM - 1, ..PAYOUT },
    ] {
        in_new_state(|| {
            let case = Case::settled(payout, false, [4, 8, 28]);
            let disputed = case.dispute(PAYEES[0], case.all());
            assert_noop!(disputed, Error::<Test>::ShareNotDecidable);
        });
    }
}

#[test]
fn disputes_that_show_something_else_are_refused() {
    type Change = fn(&mut ShareFault);
    let cases: [(Change, Error<Test>); 12] = [
        (|f| f.run = 1, Error::UnknownRun),
        (|f| f.epoch = 2, Error::UnknownEpoch),
        (|f| f.account = PAYEES[1], Error::WrongProof),
        (|f| f.before = f.after.clone(), Error::WrongProof),
        (|f| f.after = f.before.clone(), Error::WrongProof),
        (|f| f.after = Standing::Absent { left: None, right: None }, Error::WrongProof),
        (|f| f.shown[0].leaf.weight += 1, Error::WrongShownLeaf),
        (|f| f.shown[0].index = 2, Error::WrongShownLeaf),
        (|f| f.shown[0].round = 0, Error::WrongShownLeaf),
        (|f| f.shown[0].leaf.node = 9, Error::WrongShownLeaf),
        (|f| f.shown.as_mut().reverse(), Error::WrongShownLeaf),
        (|f| f.shown[1] = f.shown[0].clone(), Error::WrongShownLeaf),
    ];
    in_new_state(|| {
        let case = Case::settled(PAYOUT, true, [20, 16, 4]);
        for (number, (change, error)) in cases.into_iter().enumerate() {
            let mut fault = case.fault(PAYEES[0], case.all());
            change(&mut fault);
            let found = frame_support::storage::with_storage_layer(|| dispute(fault));
            assert_eq!(found, Err(error.into()), "case {number}");
        }
        wait(WINDOWS.challenge_ms);
        let late = case.dispute(PAYEES[0], case.all());
        assert_noop!(late, Error::<Test>::EpochIsFinal);
    });
}

#[test]
fn absence_is_two_neighbours_or_an_edge() {
    in_new_state(|| {
        let case = Case::settled(PAYOUT, false, [28, 8, 4]);
        // sorted: 0x31 (second organisation), 0x32 (third), 0x33 (first)
        let all = claims(&case.after);
        let some = |i: usize| Some(all[i].clone());
        let lies = [
            (some(0), some(2)),
            (None, some(1)),
            (some(1), None),
            (some(1), some(0)),
            (None, None),
            (some(0), some(1)),
        ];
        for (left, right) in lies {
            let after = Standing::Absent { left, right };
            let fault = ShareFault { after, ..case.fault(PAYEES[2], vec![]) };
            assert_noop!(dispute(fault), Error::<Test>::WrongProof);
        }
        for account in [[0x30; 32], [0x34; 32]] {
            assert_noop!(case.dispute(account, case.all()), Error::<Test>::FaultNotProven);
        }
    });
}

#[test]
fn a_tree_out_of_order_is_shown_by_two_neighbours() {
    let disorders = [[([0x32; 32], 10), ([0x31; 32], 10)], [([0x31; 32], 5), ([0x31; 32], 15)]];
    for listed in disorders {
        in_new_state(|| {
            with_payroll(PAYOUT);
            work(&[(2, 1), (3, 1)]);
            wait(WINDOWS.challenge_ms);
            assert_ok!(settle(record_of(&listed)));
            let claim = |i| claim_at(&listed, i);
            let fault = |first, second| {
                Tally::dispute(
                    signed(STRANGER),
                    Fault::EntitlementOrder { run: 0, epoch: 0, first, second },
                )
            };
            assert_noop!(fault(claim(1), claim(0)), Error::<Test>::FaultNotProven);
            let moved = Claim { index: 1, ..claim(0) };
            assert_noop!(fault(claim(0), moved), Error::<Test>::WrongProof);
            assert_ok!(fault(claim(0), claim(1)));
            assert_eq!(run().epoch, 0);
        });
    }
    in_new_state(|| {
        let case = Case::settled(PAYOUT, false, [28, 8, 4]);
        let [first, second, third] = claims(&case.after).try_into().unwrap();
        for (first, second) in [(first.clone(), second), (third, first)] {
            let fault = Fault::EntitlementOrder { run: 0, epoch: 0, first, second };
            let disputed = Tally::dispute(signed(STRANGER), fault);
            assert_noop!(disputed, Error::<Test>::FaultNotProven);
        }
    });
}

#[test]
fn a_stranger_s_wrong_settlement_costs_the_stranger() {
    in_new_state(|| {
        with_payroll(PAYOUT);
        let rounds = vec![work(&[(0, 1), (2, 1)])];
        wait(WINDOWS.challenge_ms + WINDOWS.settle_ms);
        let after: Entitlements = [(PAYEES[2], 20)].into();
        let record: Epoch = record(&after);
        assert_ok!(Tally::settle_epoch(signed(HOSPITAL), record, [0; 64]));
        let case = Case { before: Entitlements::new(), after, rounds };
        assert_ok!(case.dispute(PAYEES[0], case.all()));
        let run = run();
        // the coordinator did nothing wrong, and goes on
        assert_eq!((run.status, run.bond, run.epoch), (RunStatus::Open, 200, 0));
        use frame_support::traits::fungible::Inspect;
        let hospital: AccountId32 = HOSPITAL;
        assert_eq!(Balances::total_balance(&hospital), BALANCE - 200);
    });
}
