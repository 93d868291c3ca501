//! Shares, caps and entitlements as Python's integers have them (`test-vectors/payouts.json`), and
//! the chain's rule for shares on every one of them.

use super::vectors::{array, vectors};
use crate::payroll::split;
use serde_json::Value;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};
use std::collections::BTreeMap;
use tally_records::{records::Entitle, sha256, tree};

const PPM: u128 = 1_000_000;

fn floor(a: u128, b: u128, c: u128) -> u128 {
    multiply_by_rational_with_rounding(a, b, c, Rounding::Down).unwrap()
}

fn cap_of(budget: u128, cap_ppm: u128, payees: u128) -> u128 {
    let kappa = cap_ppm.max(PPM.div_ceil(payees));
    floor(budget, kappa, PPM).max(budget.div_ceil(payees))
}

/// Pays the cap to each whose proportional part exceeds it, takes them out, and repeats.
fn fill(budget: u128, shares: &[u128], cap: u128) -> Vec<u128> {
    let mut units = vec![0; shares.len()];
    let mut inside: Vec<usize> = (0..shares.len()).collect();
    let mut rest = budget;
    while !inside.is_empty() {
        let total: u128 = inside.iter().map(|i| shares[*i]).sum();
        let exceeds = |i: &usize| {
            let up = multiply_by_rational_with_rounding(rest, shares[*i], total, Rounding::Up);
            up.unwrap() > cap
        };
        let (above, below): (Vec<usize>, Vec<usize>) = inside.iter().partition(|i| exceeds(i));
        if above.is_empty() {
            let parts = split(rest, &below.iter().map(|i| shares[*i]).collect::<Vec<_>>());
            for (i, part) in below.iter().zip(parts) {
                units[*i] = part;
            }
            break;
        }
        rest -= cap * above.len() as u128;
        for i in above {
            units[i] = cap;
        }
        inside = below;
    }
    units
}

/// (first node, share, account) of every organisation, and what it gets.
type Payment = ([u8; 32], u32, u128, u128);

fn pay(
    earners: &[(u32, [u8; 32], u128)],
    policy: &str,
    cap_ppm: u128,
    budget: u128,
) -> Vec<Payment> {
    let mut sorted = earners.to_vec();
    sorted.sort();
    let mut payees: Vec<([u8; 32], u32, u128)> = vec![];
    for (node, account, share) in sorted.into_iter().filter(|earner| earner.2 > 0) {
        match payees.iter_mut().find(|payee| payee.0 == account) {
            Some(payee) => payee.2 += share,
            None => payees.push((account, node, share)),
        }
    }
    if policy == "equal" {
        payees.iter_mut().for_each(|payee| payee.2 = 1);
    }
    if payees.is_empty() {
        return vec![];
    }
    let shares: Vec<u128> = payees.iter().map(|payee| payee.2).collect();
    let units = fill(budget, &shares, cap_of(budget, cap_ppm, shares.len() as u128));
    payees.into_iter().zip(units).map(|((a, n, s), units)| (a, n, s, units)).collect()
}

fn number<N: std::str::FromStr>(value: &Value) -> N {
    let text = value.as_str().map_or_else(|| value.to_string(), String::from);
    text.parse().unwrap_or_else(|_| panic!("{text} is a number"))
}

fn earners(value: &Value) -> Vec<(u32, [u8; 32], u128)> {
    let earner = |e: &Value| (number(&e["node"]), array(&e["account"]), number(&e["share"]));
    value.as_array().unwrap().iter().map(earner).collect()
}

#[test]
fn every_case_is_paid_alike() {
    for case in vectors("payouts.json")["cases"].as_array().unwrap() {
        let (policy, cap) = (case["policy"].as_str().unwrap(), number(&case["capPpm"]));
        let found = pay(&earners(&case["earners"]), policy, cap, number(&case["budget"]));
        let payment = |p: &Value| {
            let (node, share) = (number(&p["firstNode"]), number(&p["share"]));
            (array(&p["account"]), node, share, number(&p["units"]))
        };
        let want: Vec<Payment> = case["payments"].as_array().unwrap().iter().map(payment).collect();
        assert_eq!(found, want, "{}", case["why"]);
    }
}

/// The upper 32 bits of a 64-bit linear congruential generator, as in `payouts.py`.
struct Draws(u64);

impl Draws {
    fn u32(&mut self) -> u32 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.u32() % bound
    }

    fn bits(&mut self, count: u32) -> u128 {
        let words = count.div_ceil(32);
        let value = (0..words).fold(0, |value, _| (value << 32) | u128::from(self.u32()));
        value >> (words * 32 - count)
    }

    fn vector(&mut self) -> (u128, u128, Vec<u128>) {
        let payees = 1 + self.below(16);
        let budget = if self.below(16) == 0 {
            1 << 96
        } else {
            let count = self.below(97);
            self.bits(count)
        };
        let cap = if self.below(4) == 0 { PPM } else { u128::from(1 + self.below(PPM as u32)) };
        (budget, cap, self.shares(payees))
    }

    fn shares(&mut self, payees: u32) -> Vec<u128> {
        let largest = u128::from(u64::MAX);
        match self.below(8) {
            0 => vec![self.bits(64); payees as usize],
            1 => (0..payees).map(|_| self.below(2).into()).collect(),
            2 => (0..payees).map(|_| largest * u128::from(self.below(2))).collect(),
            3 => {
                let others = (1..payees).map(|_| self.below(3).into());
                std::iter::once(largest).chain(others).collect()
            }
            _ => (0..payees)
                .map(|_| {
                    let count = self.below(65);
                    self.bits(count)
                })
                .collect(),
        }
    }
}

#[test]
fn a_hundred_thousand_random_vectors_are_paid_alike() {
    let file = vectors("payouts.json");
    let bulk = &file["bulk"];
    let mut draws = Draws(number(&bulk["seed"]));
    let digests = bulk["digests"].as_array().unwrap();
    assert_eq!(digests.len() * number::<usize>(&bulk["chunk"]), 100_000);
    for (chunk, digest) in digests.iter().enumerate() {
        let mut lines = String::new();
        for _ in 0..number(&bulk["chunk"]) {
            let (budget, cap, shares) = draws.vector();
            let earner = |(i, share): (usize, &u128)| (i as u32, [i as u8; 32], *share);
            let earners: Vec<_> = shares.iter().enumerate().map(earner).collect();
            let paid = pay(&earners, "weight", cap, budget);
            let units: Vec<String> = paid.iter().map(|payment| payment.3.to_string()).collect();
            lines += &(units.join(",") + "\n");
        }
        assert_eq!(sha256(&[lines.as_bytes()]), array(digest), "chunk {chunk}");
    }
}

#[test]
fn entitlements_add_up_to_the_same_roots() {
    let file = vectors("payouts.json");
    let run = &file["run"];
    let (budget, rounds): (u128, u128) = (number(&run["epochBudget"]), number(&run["epochRounds"]));
    let mut entitled: BTreeMap<[u8; 32], u128> = BTreeMap::new();
    for epoch in run["epochs"].as_array().unwrap() {
        let due = floor(budget, number(&epoch["rounds"]), rounds);
        assert_eq!(due, number(&epoch["budget"]));
        let cap = number(&run["capPpm"]);
        for (account, _, _, units) in pay(&earners(&epoch["earners"]), "weight", cap, due) {
            *entitled.entry(account).or_default() += units;
        }
        let leaf = |(account, cumulative): (&[u8; 32], &u128)| {
            let leaf = Entitle { account: *account, cumulative: *cumulative };
            (tree::sum_leaf(&leaf), *cumulative)
        };
        let leaves: Vec<_> = entitled.iter().filter(|one| *one.1 > 0).map(leaf).collect();
        let (root, total) = tree::sum_root(&leaves).unwrap();
        assert_eq!((root, total), (array(&epoch["root"]), number(&epoch["total"])));
    }
}
