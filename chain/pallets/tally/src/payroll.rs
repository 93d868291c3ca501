//! A run with three organisations that are paid: what an honest coordinator keeps of who worked and
//! who is entitled to what. Tests change it before they settle.

use crate::{mock::*, *};
use frame_support::{
    dispatch::DispatchResult,
    traits::fungible::{Inspect, InspectHold},
};
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, AccountId32, Rounding};
use std::collections::BTreeMap;
use tally_records::{
    records::{Contrib, Entitle, Epoch, Header},
    tree, Hash,
};

/// Payout accounts of the organisations; nodes 0 and 1 are the first one's, 2 the second's, 3 the
/// third's.
pub const PAYEES: [[u8; 32]; 3] = [[0x33; 32], [0x31; 32], [0x32; 32]];
/// The payout account of each node.
pub const PAYEE_OF: [[u8; 32]; 4] = [PAYEES[0], PAYEES[0], PAYEES[1], PAYEES[2]];

/// What accounts may have drawn since the run began.
pub type Entitlements = BTreeMap<[u8; 32], u128>;

/// Registers organisations and nodes, and opens run 0 with a pot of 1,000.
pub fn with_payroll(payout: Payout) {
    for (org, payee) in PAYEES.iter().enumerate() {
        Tally::register_organisation(signed(REGISTRAR), (*payee).into()).unwrap();
        for node in (0..4).filter(|node| PAYEE_OF[*node as usize] == *payee) {
            let seed = 10 + node as u8;
            let proof = proof(HOSPITAL, seed);
            Tally::register_node(signed(HOSPITAL), org as u32, key(seed), proof).unwrap();
        }
    }
    for node in 0..4 {
        Tally::admit_node(signed(REGISTRAR), node, 1_000).unwrap();
    }
    Tally::create_run(signed(OWNER), COORDINATOR, RunTerms { payout, ..TERMS }, 1_000).unwrap();
    Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20)).unwrap();
}

/// Run 0.
pub fn run() -> Run<AccountId32> {
    Runs::<Test>::get(0).unwrap()
}

/// Lets time pass, within one block.
pub fn wait(ms: u64) {
    Timestamp::set_timestamp(Timestamp::get() + ms);
}

/// A committed round.
#[derive(Clone)]
pub struct Work {
    /// Its number.
    pub round: RoundNumber,
    /// Its contributions.
    pub leaves: Vec<Contrib>,
}

/// Commits a round with these nodes and weights.
pub fn work(weights: &[(NodeId, u64)]) -> Work {
    let leaf = |(node, weight): &(NodeId, u64)| Contrib {
        node: *node,
        key_epoch: 0,
        receipt: [0x90; 32],
        update: [0x91; 32],
        num_examples: *weight,
        weight: *weight,
    };
    let leaves: Vec<Contrib> = weights.iter().map(leaf).collect();
    let included = leaves.len() as u32;
    let base = if included == 0 { empty_header(0) } else { next_header(0) };
    let (contrib_root, sum) = tree::sum_root(&contributions(&leaves)).unwrap_or_default();
    let (excluded, sum_weight) = (4 - included, sum as u64);
    let excluded_root = if excluded == 0 { [0; 32] } else { base.excluded_root };
    let header = Header { contrib_root, included, sum_weight, excluded, excluded_root, ..base };
    let header = Header { closed_at_ms: Timestamp::get(), ..header };
    let round = header.round;
    commit(header).unwrap();
    Work { round, leaves }
}

fn contributions(leaves: &[Contrib]) -> Vec<(Hash, u128)> {
    leaves.iter().map(|leaf| (tree::sum_leaf(leaf), leaf.weight.into())).collect()
}

impl Work {
    /// A contribution as a dispute shows it.
    pub fn show(&self, index: u32) -> ShownLeaf {
        let leaf = self.leaves[index as usize].clone();
        let proof = tree::sum_proof(&contributions(&self.leaves), index as usize).unwrap();
        ShownLeaf { round: self.round, index, leaf, proof: proof.try_into().unwrap() }
    }
}

/// All contributions of some rounds, as a dispute shows them.
pub fn show_all(rounds: &[Work]) -> Vec<ShownLeaf> {
    let all = |work: &Work| (0..work.leaves.len()).map(|i| work.show(i as u32)).collect::<Vec<_>>();
    rounds.iter().flat_map(all).collect()
}

/// `before` after these accounts were paid by the weights of these rounds.
pub fn paid_by_weight(before: &Entitlements, rounds: &[Work], budget: u128) -> Entitlements {
    let mut shares: BTreeMap<usize, u128> = BTreeMap::new();
    for leaf in rounds.iter().flat_map(|work| &work.leaves) {
        let payee = PAYEE_OF[leaf.node as usize];
        let org = PAYEES.iter().position(|one| *one == payee).unwrap();
        *shares.entry(org).or_default() += u128::from(leaf.weight);
    }
    let units = split(budget, &shares.values().copied().collect::<Vec<_>>());
    let mut after = before.clone();
    for (org, units) in shares.keys().zip(units) {
        *after.entry(PAYEES[*org]).or_default() += units;
    }
    after.retain(|_, units| *units > 0);
    after
}

/// Floors, then one more to the largest remainders, ties to the smaller index (protocol §6).
pub fn split(budget: u128, shares: &[u128]) -> Vec<u128> {
    let total = shares.iter().sum();
    let floor =
        |share| multiply_by_rational_with_rounding(budget, share, total, Rounding::Down).unwrap();
    let mut units: Vec<u128> = shares.iter().map(|share| floor(*share)).collect();
    // below `total`, so it is exact although the products wrap
    let remainder =
        |i: usize| budget.wrapping_mul(shares[i]).wrapping_sub(units[i].wrapping_mul(total));
    let mut order: Vec<(u128, usize)> = (0..shares.len()).map(|i| (remainder(i), i)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = (budget - units.iter().sum::<u128>()) as usize;
    for (_, i) in order.into_iter().take(left) {
        units[i] += 1;
    }
    units
}

/// Leaves of the tree of entitlements.
pub fn leaves(entitled: &[(Hash, u128)]) -> Vec<(Hash, u128)> {
    let leaf = |(account, cumulative): &([u8; 32], u128)| {
        let leaf = Entitle { account: *account, cumulative: *cumulative };
        (tree::sum_leaf(&leaf), *cumulative)
    };
    entitled.iter().map(leaf).collect()
}

fn listed(entitled: &Entitlements) -> Vec<([u8; 32], u128)> {
    entitled.iter().map(|(account, units)| (*account, *units)).collect()
}

/// The claim of the leaf with this index.
pub fn claim_at(listed: &[([u8; 32], u128)], index: usize) -> Claim {
    let (account, cumulative) = listed[index];
    let proof = tree::sum_proof(&leaves(listed), index).unwrap().try_into().unwrap();
    Claim { index: index as u32, leaf: Entitle { account, cumulative }, proof }
}

/// All claims, in the order of the leaves.
pub fn claims(entitled: &Entitlements) -> Vec<Claim> {
    let listed = listed(entitled);
    (0..listed.len()).map(|index| claim_at(&listed, index)).collect()
}

/// What the tree says of an account.
pub fn standing(entitled: &Entitlements, account: [u8; 32]) -> Standing {
    let all = claims(entitled);
    let at = all.partition_point(|claim| claim.leaf.account < account);
    match all.get(at).filter(|claim| claim.leaf.account == account) {
        Some(Claim { index, leaf, proof }) => {
            Standing::Entitled { index: *index, cumulative: leaf.cumulative, proof: proof.clone() }
        }
        None => Standing::Absent {
            left: at.checked_sub(1).map(|at| all[at].clone()),
            right: all.get(at).cloned(),
        },
    }
}

/// The record of the next epoch, up to the newest round, over these leaves as they stand.
pub fn record_of(listed: &[([u8; 32], u128)]) -> Epoch {
    let run = run();
    let last_round = Pallet::<Test>::newest_before(0, run.next_round).unwrap_or_default();
    let (entitle_root, total) = tree::sum_root(&leaves(listed)).unwrap_or_default();
    Epoch {
        chain: CHAIN,
        run: 0,
        epoch: run.epoch,
        prev: run.epoch_head,
        first_round: run.settled_rounds,
        last_round,
        last_header: Rounds::<Test>::get(0, last_round).map_or([0; 32], |round| round.header),
        entitle_root,
        accounts: listed.len() as u32,
        total,
    }
}

/// The same over entitlements in order.
pub fn record(entitled: &Entitlements) -> Epoch {
    record_of(&listed(entitled))
}

/// Settles a record as the coordinator.
pub fn settle(record: Epoch) -> DispatchResult {
    let signature = sign(&record, 20);
    Tally::settle_epoch(signed(COORDINATOR), record, signature)
}

/// Claims for everybody against the newest epoch.
pub fn claim_all(epoch: u32, entitled: &Entitlements) -> DispatchResult {
    let all = claims(entitled);
    let due = |claim: &Claim| {
        Paid::<Test>::get(0, AccountId32::from(claim.leaf.account)) < claim.leaf.cumulative
    };
    let open: Vec<Claim> = all.into_iter().filter(due).collect();
    Tally::claim_many(signed(STRANGER), 0, epoch, open.try_into().unwrap())
}

/// How long a round or an epoch takes to be final.
pub const FINAL_MS: u64 = WINDOWS.challenge_ms;

/// What an account has on hold for a reason.
pub fn held(reason: HoldReason, who: &AccountId32) -> u128 {
    Balances::balance_on_hold(&reason.into(), who)
}

/// What an account may spend.
pub fn balance(account: [u8; 32]) -> u128 {
    Balances::balance(&account.into())
}

/// Five rounds that are final: 60 of 100 by the first organisation, 30, 10.
pub fn five_rounds() -> Vec<Work> {
    let rounds = (0..5).map(|_| work(&[(0, 10), (1, 50), (2, 30), (3, 10)])).collect();
    wait(FINAL_MS);
    rounds
}

/// An epoch of five rounds that is settled and final.
pub fn settled() -> Entitlements {
    let entitled = paid_by_weight(&Entitlements::new(), &five_rounds(), 100);
    settle(record(&entitled)).unwrap();
    wait(FINAL_MS);
    entitled
}
