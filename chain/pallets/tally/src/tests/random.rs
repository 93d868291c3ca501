//! The invariants hold after every one of many random calls, and nothing is created or burnt.

use crate::{mock::*, *};
use sp_runtime::AccountId32;
use tally_records::records::Header;

/// xorshift64: the same calls for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// 0 to `bound` − 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % bound
    }

    fn account(&mut self) -> AccountId32 {
        [REGISTRAR, OWNER, COORDINATOR, HOSPITAL][self.below(4) as usize].clone()
    }
}

fn random_header(dice: &mut Dice, run: RunId) -> Option<Header> {
    Runs::<Test>::get(run)?;
    let mut header = if dice.below(3) == 0 { empty_header(run) } else { next_header(run) };
    header.at_block += dice.below(8);
    header.closed_at_ms += u64::from(dice.below(1_000));
    header.included = header.included.saturating_sub(dice.below(2));
    header.excluded = header.cohort - header.included;
    Some(header)
}

/// Mostly a round that exists.
fn random_round(dice: &mut Dice, run: RunId) -> RoundNumber {
    let next = Runs::<Test>::get(run).map_or(0, |run| run.next_round);
    next.saturating_sub(1 + dice.below(4))
}

fn random_terms(dice: &mut Dice) -> ConsentTerms {
    ConsentTerms {
        from_round: dice.below(3),
        until_round: 2 + dice.below(9),
        until_ms: u64::MAX,
        purposes: vec![7].try_into().unwrap(),
        policy: [0x70; 32],
    }
}

/// Another header of a round; true or not, depending on what was committed.
fn random_equivocation(dice: &mut Dice, run: RunId) -> Fault {
    let round = random_round(dice, run);
    let record = Header { run, round, metrics: [0x64; 32], ..template() };
    let signature = sign(&record, 20 + dice.below(2) as u8);
    Fault::Header(Signed { record, signature })
}

fn template() -> Header {
    Header {
        chain: CHAIN,
        mode: 0,
        run: 0,
        round: 0,
        prev: [0; 32],
        task: [0; 32],
        at_block: 0,
        model_before: [0; 32],
        model_after: [0; 32],
        state_after: [0; 32],
        contrib_root: [0; 32],
        included: 0,
        sum_weight: 0,
        excluded_root: [0; 32],
        excluded: 0,
        cohort: 0,
        metrics: [0; 32],
        deadline_ms: 0,
        closed_at_ms: 0,
    }
}

/// One call, mostly of someone who may make it; true iff it succeeded.
fn random_call(dice: &mut Dice) -> bool {
    let (who, seed) = (dice.account(), 10 + dice.below(8) as u8);
    let (small, pot) = (dice.below(4), u128::from(dice.below(3_000)));
    let registrar = signed(REGISTRAR);
    match dice.below(24) {
        0 => Tally::register_organisation(registrar, who),
        1 if dice.below(4) == 0 => Tally::suspend_organisation(registrar, small),
        2 | 3 => Tally::register_node(signed(who.clone()), small, key(seed), proof(who, seed)),
        4 | 5 => Tally::admit_node(registrar, small, u64::from(dice.below(5))),
        6 => Tally::rotate_key(signed(who.clone()), small, key(seed), proof(who, seed)),
        7 if dice.below(3) == 0 => Tally::revoke_node(signed(who), small),
        8 => {
            let terms = RunTerms { min_nodes: 1 + small, ..TERMS };
            Tally::create_run(signed(who), COORDINATOR, terms, pot)
        }
        9 => Tally::accept_run(signed(COORDINATOR), small, key(20), proof(COORDINATOR, 20)),
        10 => match Runs::<Test>::get(small) {
            Some(run) if dice.below(3) == 0 => Tally::close_run(signed(run.owner), small),
            _ => return false,
        },
        11 => Tally::grant_consent(signed(HOSPITAL), small, dice.below(4), random_terms(dice)),
        12 => Tally::revoke_consent(signed(HOSPITAL), small, dice.below(4)),
        13 | 14 => Tally::demand(signed(who), small, random_round(dice, small), Subject::Leaf(0)),
        15 => match OpenDemands::<Test>::get(small).first() {
            Some((round, demand)) => {
                let fault = Fault::Unanswered { run: small, round: *round, demand: *demand };
                Tally::dispute(signed(who), fault)
            }
            None => return false,
        },
        16 if dice.below(4) == 0 => Tally::dispute(signed(who), random_equivocation(dice, small)),
        17 => Tally::halt(signed(who), small, Ground::Silence),
        18 => Tally::replace_coordinator(signed(OWNER), small, COORDINATOR),
        19 => {
            let seed = 20 + dice.below(2) as u8;
            let proof = proof(COORDINATOR, seed);
            Tally::replace_coordinator_key(signed(COORDINATOR), small, key(seed), proof)
        }
        20 => Tally::attest(signed(who), small, random_round(dice, small), [1; 32]),
        21 => Tally::prune(registrar, small, dice.below(3)),
        _ => match random_header(dice, small) {
            Some(header) => {
                let signature = sign(&header, 20 + dice.below(2) as u8);
                Tally::commit_round(signed(COORDINATOR), header, signature)
            }
            None => return false,
        },
    }
    .is_ok()
}

#[test]
fn invariants_hold_after_random_calls() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 1..=6 {
        in_new_state(|| {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let (mut succeeded, mut block, mut now_ms) = (0, BLOCK, NOW_MS);
            for step in 0..400 {
                if dice.below(4) == 0 {
                    (block, now_ms) = (block + 1, now_ms + u64::from(dice.below(800)));
                    move_to(block, now_ms);
                }
                succeeded += u32::from(random_call(&mut dice));
                Tally::check_state().unwrap_or_else(|e| panic!("seed {seed} step {step}: {e:?}"));
            }
            assert!(succeeded > 30, "seed {seed}: {succeeded} calls succeeded");
            let mut burnt = 0;
            for record in System::events() {
                if let RuntimeEvent::Tally(event) = record.event {
                    if let Event::FaultProved { slashed, reward, .. } = &event {
                        burnt += slashed - reward;
                    }
                    let name = format!("{event:?}");
                    let name = name.trim_start_matches("Event::");
                    seen.insert(name.split([' ', '{']).next().unwrap_or_default().to_string());
                }
            }
            assert_eq!(Balances::total_issuance(), 5 * BALANCE - burnt, "seed {seed}");
        });
    }
    // the walk reaches the calls that matter
    let reached = [
        "ConsentGranted",
        "ConsentRevoked",
        "CoordinatorKeyReplaced",
        "CoordinatorReplaced",
        "Attested",
        "Demanded",
        "FaultProved",
        "Pruned",
        "RoundCommitted",
        "RunClosed",
        "RunHalted",
    ];
    for event in reached {
        assert!(seen.contains(event), "no call led to {event}; seen: {seen:?}");
    }
}
