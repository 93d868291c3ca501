//! A federation of four nodes whose rounds have real trees, receipts and signatures: what an honest
//! coordinator keeps, and can therefore show. Tests change it before the commit.

use crate::{mock::*, *};
use tally_records::{
    records::{receipt_hash, Contrib, Exclude, Header, Member, Promise, Receipt, Record, Task},
    tree, Hash,
};

/// Nodes of the federation; node i has key 10 + i and i + 1 times ten examples.
pub const NODES: u32 = 4;

/// All of one round.
#[derive(Clone)]
pub struct Evidence {
    /// Signed by the coordinator.
    pub task: Task,
    /// The cohort.
    pub members: Vec<Member>,
    /// In the order of the leaves.
    pub receipts: Vec<Signed<Receipt>>,
    /// The contributions.
    pub leaves: Vec<Contrib>,
    /// Who is not among them.
    pub excluded: Vec<Exclude>,
    /// The header, once it is made.
    pub header: Header,
}

/// Registers and admits the nodes, and opens run 0.
pub fn with_federation() {
    with_federation_on(TERMS);
}

/// The same on other terms.
pub fn with_federation_on(terms: RunTerms) {
    Tally::register_organisation(signed(REGISTRAR), HOSPITAL).unwrap();
    for node in 0..NODES {
        let seed = seed_of(node);
        let proof = proof(HOSPITAL, seed);
        Tally::register_node(signed(HOSPITAL), 0, key(seed), proof).unwrap();
        Tally::admit_node(signed(REGISTRAR), node, 35).unwrap();
    }
    Tally::create_run(signed(OWNER), COORDINATOR, terms, 1_000).unwrap();
    Tally::accept_run(signed(COORDINATOR), 0, key(20), proof(COORDINATOR, 20)).unwrap();
    move_to(BLOCK + 1, NOW_MS + 10);
}

/// Terms of a run that pays nothing, and so has nothing at stake.
pub fn unpaid() -> RunTerms {
    let payout = Payout { epoch_budget: 0, ..TERMS.payout };
    RunTerms { payout, ..TERMS }
}

/// The seed of a node's key.
pub fn seed_of(node: NodeId) -> u8 {
    10 + node as u8
}

/// Signed by the coordinator's key.
pub fn by_coordinator<R: Record>(record: R) -> Signed<R> {
    let signature = sign(&record, 20);
    Signed { record, signature }
}

/// The next round of run 0 in which nodes 0 to 2 contribute and node 3 is silent.
pub fn next_round() -> Evidence {
    next_round_with(3)
}

/// The next round in which the first `included` nodes contribute.
pub fn next_round_with(included: u32) -> Evidence {
    let run = Runs::<Test>::get(0).unwrap();
    let (Weighting::Examples { cap } | Weighting::Equal { cap }) = run.weighting;
    let member = |node| Member { node, key_epoch: 0, cap: cap.min(35) };
    let members: Vec<Member> = (0..NODES).map(member).collect();
    let task = Task {
        chain: CHAIN,
        run: 0,
        round: run.next_round,
        prev: run.head,
        spec: SPEC,
        model: run.model,
        state: run.state,
        at_block: System::block_number() as u32,
        at_hash: [0x77; 32],
        cohort_root: cohort_root(&members),
        cohort: NODES,
        unit: 4,
        deadline_ms: NOW_MS + 1_000,
    };
    let mut evidence = Evidence {
        task,
        members,
        receipts: vec![],
        leaves: vec![],
        excluded: (included..NODES).map(|node| exclude(node, [0; 32], 1)).collect(),
        header: next_header(0),
    };
    for node in 0..included {
        let receipt = receipt_of(&evidence.task, node);
        evidence.contribute(receipt);
    }
    evidence
}

/// Root of a cohort.
pub fn cohort_root(members: &[Member]) -> Hash {
    let leaves: Vec<Hash> = members.iter().map(tree::leaf).collect();
    tree::root(&leaves).unwrap_or_default()
}

/// A leaf of exclusion.
pub fn exclude(node: NodeId, receipt: Hash, reason: u8) -> Exclude {
    Exclude { node, receipt, reason }
}

/// What a node signs for a task.
pub fn receipt_of(task: &Task, node: NodeId) -> Receipt {
    Receipt {
        chain: CHAIN,
        run: 0,
        round: task.round,
        prev: task.prev,
        task: task.hash(),
        node,
        key_epoch: 0,
        update: [0x90 + node as u8; 32],
        update_bytes: 1_000,
        num_examples: 10 * u64::from(node + 1),
        loss_before: 2,
        loss_after: 1,
        policy: [0; 32],
        salt: [3; 16],
    }
}

impl Evidence {
    /// Signs a receipt with the node's key and adds its leaf, weighed by the rule.
    pub fn contribute(&mut self, receipt: Receipt) {
        let signature = sign(&receipt, seed_of(receipt.node));
        let cap = 35;
        self.leaves.push(Contrib {
            node: receipt.node,
            key_epoch: receipt.key_epoch,
            receipt: receipt_hash(&receipt, &signature),
            update: receipt.update,
            num_examples: receipt.num_examples,
            weight: (receipt.num_examples.min(cap) / self.task.unit).max(1),
        });
        self.receipts.push(Signed { record: receipt, signature });
    }

    /// Changes a receipt, signs it again and puts its new hash and content into the leaf.
    pub fn change_receipt(&mut self, index: usize, change: impl FnOnce(&mut Receipt)) {
        let mut receipt = self.receipts[index].record.clone();
        change(&mut receipt);
        let signature = sign(&receipt, seed_of(receipt.node));
        self.leaves[index].receipt = receipt_hash(&receipt, &signature);
        self.receipts[index] = Signed { record: receipt, signature };
    }

    /// Changes the task and has all receipts follow it.
    pub fn change_task(&mut self, change: impl FnOnce(&mut Task)) {
        change(&mut self.task);
        let (task, prev) = (self.task.hash(), self.task.prev);
        for index in 0..self.receipts.len() {
            self.change_receipt(index, |r| (r.task, r.prev) = (task, prev));
        }
    }

    fn sums(&self) -> Vec<(Hash, u128)> {
        self.leaves.iter().map(|leaf| (tree::sum_leaf(leaf), leaf.weight.into())).collect()
    }

    /// The header of what stands here now.
    pub fn seal(&mut self) -> Header {
        let (contrib_root, sum) = tree::sum_root(&self.sums()).unwrap_or_default();
        let exclusions: Vec<Hash> = self.excluded.iter().map(tree::leaf).collect();
        let included = self.leaves.len() as u32;
        let base = if included == 0 { empty_header(0) } else { next_header(0) };
        self.header = Header {
            task: self.task.hash(),
            at_block: self.task.at_block,
            contrib_root,
            included,
            sum_weight: sum as u64,
            excluded_root: tree::root(&exclusions).unwrap_or_default(),
            excluded: exclusions.len() as u32,
            closed_at_ms: Timestamp::get(),
            ..base
        };
        self.header.clone()
    }

    /// Commits it; returns its number.
    pub fn commit(&mut self) -> RoundNumber {
        let header = self.seal();
        commit(header).unwrap();
        self.header.round
    }

    /// The path of a contribution.
    pub fn path(&self, index: u32) -> SumProof {
        tree::sum_proof(&self.sums(), index as usize).unwrap().try_into().unwrap()
    }

    /// What the coordinator answers to a demand for a leaf.
    pub fn leaf(&self, index: u32) -> LeafEvidence {
        let (leaf, receipt) = (&self.leaves[index as usize], &self.receipts[index as usize]);
        let member_index = self.members.iter().position(|m| m.node == leaf.node).unwrap_or(0);
        let hashes: Vec<Hash> = self.members.iter().map(tree::leaf).collect();
        LeafEvidence {
            task: self.task.clone(),
            leaf: leaf.clone(),
            proof: self.path(index),
            receipt: receipt.clone(),
            member: self.members[member_index].clone(),
            member_index: member_index as u32,
            member_proof: tree::proof(&hashes, member_index).unwrap().try_into().unwrap(),
        }
    }

    /// A leaf with its path.
    pub fn leaf_proof(&self, index: u32) -> LeafProof {
        LeafProof { leaf: self.leaves[index as usize].clone(), proof: self.path(index) }
    }

    /// The path of an exclusion.
    pub fn exclusion_path(&self, index: usize) -> PlainProof {
        let hashes: Vec<Hash> = self.excluded.iter().map(tree::leaf).collect();
        tree::proof(&hashes, index).unwrap().try_into().unwrap()
    }

    /// The coordinator's promise to count a receipt.
    pub fn promise(&self, node: NodeId, receipt: Hash) -> Promise {
        let (run, round) = (0, self.task.round);
        Promise { chain: CHAIN, run, round, node, receipt, due_ms: NOW_MS + 2_000 }
    }

    /// Demands a leaf in the name of [`STRANGER`]; the number of the demand.
    pub fn demand(&self, index: u32) -> u32 {
        let demand = NextDemand::<Test>::get(0);
        Tally::demand(signed(STRANGER), 0, self.header.round, Subject::Leaf(index)).unwrap();
        demand
    }

    /// Answers a demand for a leaf.
    pub fn answer(&self, demand: u32, index: u32) -> frame_support::dispatch::DispatchResult {
        let answer = Answer::Leaf(self.leaf(index));
        Tally::answer(signed(COORDINATOR), 0, self.header.round, demand, answer)
    }
}
