//! The invariants hold after every one of many random calls, and nothing is created or burnt.

use crate::{mock::*, *};
use sp_runtime::AccountId32;

/// xorshift64: the same calls for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % bound
    }

    fn account(&mut self) -> AccountId32 {
        [REGISTRAR, OWNER, COORDINATOR, HOSPITAL][self.below(4) as usize].clone()
    }
}

fn random_header(dice: &mut Dice, run: RunId) -> Option<tally_records::records::Header> {
    Runs::<Test>::get(run)?;
    let mut header = if dice.below(3) == 0 { empty_header(run) } else { next_header(run) };
    header.at_block += dice.below(8);
    header.closed_at_ms += u64::from(dice.below(1_000));
    header.included = header.included.saturating_sub(dice.below(2));
    header.excluded = header.cohort - header.included;
    Some(header)
}

/// One call, mostly of someone who may make it; true iff it succeeded.
fn random_call(dice: &mut Dice) -> bool {
    let (who, seed) = (dice.account(), 10 + dice.below(8) as u8);
    let (small, pot) = (dice.below(4), u128::from(dice.below(3_000)));
    let registrar = signed(REGISTRAR);
    match dice.below(12) {
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
        10 if dice.below(4) == 0 => Tally::close_run(signed(who), small),
        _ => match random_header(dice, small) {
            Some(header) => commit(header),
            None => return false,
        },
    }
    .is_ok()
}

#[test]
fn invariants_hold_after_random_calls() {
    for seed in 1..=6 {
        in_new_state(|| {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let (mut succeeded, mut block, mut now_ms) = (0, BLOCK, NOW_MS);
            for step in 0..200 {
                if dice.below(4) == 0 {
                    (block, now_ms) = (block + 1, now_ms + u64::from(dice.below(400)));
                    move_to(block, now_ms);
                }
                succeeded += u32::from(random_call(&mut dice));
                Tally::check_state().unwrap_or_else(|e| panic!("seed {seed} step {step}: {e:?}"));
            }
            assert!(succeeded > 30, "seed {seed}: {succeeded} calls succeeded");
            assert_eq!(Balances::total_issuance(), 5 * BALANCE);
        });
    }
}
