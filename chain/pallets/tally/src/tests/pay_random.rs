//! Random lives of a paid run: whatever happens in whatever order, not a unit is lost or made.

use super::random::Dice;
use crate::{mock::*, payroll::*, *};
use frame_support::traits::fungible::{Inspect, InspectHold};
use sp_runtime::AccountId32;
use std::collections::BTreeSet;
use tally_records::records::{Epoch, Header};

/// What the coordinator keeps beside the chain: rounds, and the entitlements of each epoch.
struct Life {
    rounds: Vec<Work>,
    epochs: Vec<Entitlements>,
}

impl Life {
    fn before(&self) -> Entitlements {
        run()
            .epoch
            .checked_sub(1)
            .map_or_else(Entitlements::new, |newest| self.epochs[newest as usize].clone())
    }

    fn work(&mut self, dice: &mut Dice) -> bool {
        if run().status != RunStatus::Open {
            return false;
        }
        let weights: Vec<(NodeId, u64)> = (0..4)
            .map(|node| (node, u64::from(dice.below(90))))
            .filter(|(_, weight)| *weight > 20)
            .collect();
        self.rounds.push(work(if weights.len() < 2 { &[] } else { &weights }));
        true
    }

    /// Settles up to five non-empty rounds; sometimes gives all to one account.
    fn settle(&mut self, dice: &mut Dice) -> bool {
        let run = run();
        let mut open: Vec<Work> =
            self.rounds.iter().filter(|work| work.round >= run.settled_rounds).cloned().collect();
        let is_full = |work: &Work| !work.leaves.is_empty();
        let wanted = 1 + dice.below(5) as usize;
        while open.iter().filter(|work| is_full(work)).count() > wanted {
            open.pop();
        }
        let Some(last) = open.last() else { return false };
        let (last_round, full) = (last.round, open.iter().filter(|work| is_full(work)).count());
        let due = (run.payout.epoch_budget * full as u128 / 5).min(run.funded - run.allotted);
        let before = self.before();
        let after = if dice.below(5) == 0 {
            let mut after = before;
            *after.entry(PAYEES[dice.below(3) as usize]).or_default() += due;
            after.retain(|_, units| *units > 0);
            after
        } else if full == 0 {
            before
        } else {
            paid_by_weight(&before, &open, due)
        };
        let header = Rounds::<Test>::get(0, last_round).unwrap().header;
        let record = Epoch { last_round, last_header: header, ..record(&after) };
        let settled = if dice.below(4) == 0 {
            Tally::settle_epoch(signed(STRANGER), record, [0; 64])
        } else {
            settle(record)
        };
        if settled.is_ok() {
            self.epochs.truncate(run.epoch as usize);
            self.epochs.push(after);
        }
        settled.is_ok()
    }

    fn claim(&self, dice: &mut Dice) -> bool {
        let Some(newest) = run().epoch.checked_sub(1 + dice.below(2)) else { return false };
        claim_all(newest, &self.epochs[newest as usize]).is_ok()
    }

    fn dispute(&self, dice: &mut Dice) -> bool {
        let Some(epoch) = run().epoch.checked_sub(1) else { return false };
        let entry = Epochs::<Test>::get(0, epoch).unwrap();
        let account = PAYEES[dice.below(3) as usize];
        let covered = entry.first_round..=entry.last_round;
        let rounds: Vec<Work> =
            self.rounds.iter().filter(|work| covered.contains(&work.round)).cloned().collect();
        let none = Entitlements::new();
        let before = epoch.checked_sub(1).map_or(&none, |before| &self.epochs[before as usize]);
        let fault = ShareFault {
            run: 0,
            epoch,
            account,
            before: standing(before, account),
            after: standing(&self.epochs[epoch as usize], account),
            shown: show_all(&rounds).try_into().unwrap(),
        };
        Tally::dispute(signed(HOSPITAL), Fault::Share(fault)).is_ok()
    }

    /// Shows another header of a recent round: it and what follows is void, the run halts.
    fn equivocate(&mut self, dice: &mut Dice) -> bool {
        let at = self.rounds.len().checked_sub(1 + dice.below(3) as usize);
        let Some(round) = at.map(|at| self.rounds[at].round) else { return false };
        let record = Header { round, metrics: [0x64; 32], ..next_header(0) };
        let signature = sign(&record, 20);
        let fault = Fault::Header(Signed { record, signature });
        let is_proved = Tally::dispute(signed(HOSPITAL), fault).is_ok();
        self.rounds.retain(|work| !Pallet::<Test>::is_void(0, work.round));
        is_proved
    }

    /// The halted run goes on with a coordinator that puts up a new bond.
    fn replace(&self) -> bool {
        Tally::replace_coordinator(signed(OWNER), 0, COORDINATOR).is_ok()
            && Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20)).is_ok()
    }

    fn step(&mut self, dice: &mut Dice) -> bool {
        let epoch = dice.below(run().epoch + 2);
        match dice.below(18) {
            0..=4 => self.work(dice),
            5..=7 => self.settle(dice),
            8 | 9 => self.claim(dice),
            10 => self.dispute(dice),
            11 => Tally::object(signed(STRANGER), 0, epoch, [1; 32]).is_ok(),
            12 => Tally::resolve(signed(REGISTRAR), 0, epoch, dice.below(3) == 0).is_ok(),
            13 if dice.below(6) == 0 => Tally::close_run(signed(OWNER), 0).is_ok(),
            14 if dice.below(3) == 0 => self.equivocate(dice),
            15 => self.replace(),
            _ => {
                wait(u64::from(dice.below(1_500)));
                true
            }
        }
    }

    /// Brings everything to its end: objections rejected, rounds settled, run closed, all claimed.
    fn finish(&mut self, dice: &mut Dice) {
        for epoch in 0..64 {
            let _ = Tally::resolve(signed(REGISTRAR), 0, epoch, false);
        }
        for _ in 0..64 {
            wait(WINDOWS.challenge_ms + WINDOWS.settle_ms);
            let _ = self.settle(dice);
        }
        let _ = Tally::close_run(signed(OWNER), 0);
        if let Some(newest) = run().epoch.checked_sub(1) {
            claim_all(newest, &self.epochs[newest as usize]).unwrap();
        }
    }
}

fn names_of_events() -> Vec<String> {
    let name = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Tally(event) => {
            let text = format!("{event:?}");
            let name = text.trim_start_matches("Event::").split([' ', '{']).next();
            name.map(String::from)
        }
        _ => None,
    };
    System::events().into_iter().filter_map(name).collect()
}

fn slashed_and_burnt() -> u128 {
    let burnt = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Tally(
            Event::EpochVoided { slashed, reward, .. } | Event::FaultProved { slashed, reward, .. },
        ) => slashed - reward,
        RuntimeEvent::Tally(Event::ObjectionRejected { .. }) => DEPOSIT,
        _ => 0,
    };
    System::events().into_iter().map(burnt).sum()
}

#[test]
fn a_paid_run_conserves_every_unit() {
    let (mut succeeded, mut slashed, mut paid, mut seen) = (0, 0, 0, BTreeSet::new());
    for seed in 1..=12 {
        in_new_state(|| {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let budget = 30 + u128::from(dice.below(200));
            with_payroll(Payout { epoch_budget: budget, ..TERMS.payout });
            let mut life = Life { rounds: vec![], epochs: vec![] };
            for step in 0..120 {
                succeeded += u32::from(life.step(&mut dice));
                Tally::check_state().unwrap_or_else(|e| panic!("seed {seed} step {step}: {e:?}"));
                let issued = 5 * BALANCE - slashed_and_burnt();
                assert_eq!(Balances::total_issuance(), issued, "seed {seed} step {step}");
            }
            life.finish(&mut dice);
            let run = run();
            assert_eq!(run.status, RunStatus::Closed, "seed {seed}");
            assert_eq!((run.paid, run.funded), (run.allotted, run.allotted), "seed {seed}");
            let payees: u128 =
                PAYEES.iter().map(|payee| Balances::balance(&AccountId32::from(*payee))).sum();
            assert_eq!(Balances::balance(&OWNER) + payees, BALANCE, "seed {seed}: the whole pot");
            assert_eq!(payees, run.paid);
            for who in [OWNER, COORDINATOR, STRANGER, HOSPITAL] {
                assert_eq!(Balances::total_balance_on_hold(&who), 0, "seed {seed} {who:?}");
            }
            slashed += u32::from(slashed_and_burnt() > DEPOSIT);
            seen.extend(names_of_events());
            paid += u32::from(run.paid > 0);
        });
    }
    // the lives are not all alike
    assert!(succeeded > 500 && slashed > 2 && paid > 8, "{succeeded} {slashed} {paid}");
    for event in [
        "EpochSettled",
        "EpochObjected",
        "EpochVoided",
        "ObjectionRejected",
        "Claimed",
        "FaultProved",
        "CoordinatorReplaced",
    ] {
        assert!(seen.contains(event), "no life led to {event}; seen: {seen:?}");
    }
}
