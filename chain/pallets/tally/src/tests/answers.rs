//! What an answer must show. Each test commits a round that is true but for one thing: what the
//! coordinator then shows of it is refused for that reason alone.

use crate::{federation::*, leaves::weight_of, mock::*, *};
use frame_support::{assert_noop, assert_ok};
use tally_records::records::{receipt_hash, Header, Member, Receipt};

/// Changes a round before its commit, and expects the answer to a demand for leaf 1 refused.
fn refused(change: impl FnOnce(&mut Evidence), error: Error<Test>) {
    refused_on(TERMS, change, error);
}

fn refused_on(terms: RunTerms, change: impl FnOnce(&mut Evidence), error: Error<Test>) {
    in_new_state(|| {
        with_federation_on(terms);
        let mut round = next_round();
        change(&mut round);
        round.commit();
        let demand = round.demand(1);
        assert_noop!(round.answer(demand, 1), error);
    });
}

/// Shows something else than was committed.
fn shown(change: impl FnOnce(&mut LeafEvidence), error: Error<Test>) {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let demand = round.demand(1);
        let mut evidence = round.leaf(1);
        change(&mut evidence);
        let answer = Tally::answer(signed(COORDINATOR), 0, 0, demand, Answer::Leaf(evidence));
        assert_noop!(answer, error);
        assert_ok!(round.answer(demand, 1));
    });
}

#[test]
fn every_leaf_of_a_true_round_can_be_shown() {
    in_new_state(|| {
        with_federation();
        for _ in 0..2 {
            let mut round = next_round();
            round.commit();
            for index in 0..3 {
                let demand = round.demand(index);
                assert_ok!(round.answer(demand, index));
            }
        }
    });
}

#[test]
fn a_leaf_that_is_not_in_the_tree() {
    shown(|e| e.leaf.weight += 1, Error::BadPath);
    shown(|e| e.leaf.update[0] ^= 1, Error::BadPath);
    shown(|e| e.proof[0].1 += 1, Error::BadPath);
    shown(|e| e.proof.truncate(1), Error::BadPath);
}

#[test]
fn another_leaf_than_the_one_demanded() {
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let demand = round.demand(1);
        assert_noop!(round.answer(demand, 0), Error::<Test>::BadPath);
    });
}

#[test]
fn another_task() {
    shown(|e| e.task.deadline_ms += 1, Error::OtherTask);
    shown(|e| e.task.unit = 8, Error::OtherTask);
}

#[test]
fn a_committed_task_that_is_not_of_this_place() {
    refused(|r| r.change_task(|t| t.chain = [1; 32]), Error::WrongTask);
    refused(|r| r.change_task(|t| t.run = 1), Error::WrongTask);
    refused(|r| r.change_task(|t| t.round = 1), Error::WrongTask);
    refused(|r| r.change_task(|t| t.prev = [1; 32]), Error::WrongTask);
    refused(|r| r.change_task(|t| t.spec = [1; 32]), Error::WrongTask);
    refused(|r| r.change_task(|t| t.model = [1; 32]), Error::WrongTask);
    refused(|r| r.change_task(|t| t.state = [1; 32]), Error::WrongTask);
    refused(|r| r.change_task(|t| t.cohort = 5), Error::WrongTask);
    refused(|r| r.change_task(|t| t.unit = 3), Error::WrongTask);
    refused(|r| r.change_task(|t| t.unit = 0), Error::WrongTask);
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.change_task(|t| t.at_block -= 1);
        let header = round.seal();
        assert_ok!(commit(Header { at_block: header.at_block + 1, ..header }));
        let demand = round.demand(1);
        assert_noop!(round.answer(demand, 1), Error::<Test>::WrongTask);
    });
}

#[test]
fn a_task_that_does_not_follow_the_round_before() {
    in_new_state(|| {
        with_federation();
        next_round().commit();
        let mut round = next_round();
        let first = Runs::<Test>::get(0).map(|run| Tally::first_head(0, &run)).unwrap();
        round.change_task(|t| t.prev = first);
        round.commit();
        let demand = round.demand(1);
        assert_noop!(round.answer(demand, 1), Error::<Test>::WrongTask);
    });
}

#[test]
fn a_node_that_does_not_exist() {
    refused(
        |r| {
            r.leaves[1].node = 9;
        },
        Error::UnknownNode,
    );
}

#[test]
fn a_key_that_was_not_in_force() {
    refused(|r| r.leaves[1].key_epoch = 1, Error::KeyNotInForce);
    // rotated in the block of the task
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        let rotate = Tally::rotate_key(signed(HOSPITAL), 1, key(31), proof(HOSPITAL, 31));
        assert_ok!(rotate);
        round.commit();
        let demand = round.demand(1);
        assert_noop!(round.answer(demand, 1), Error::<Test>::KeyNotInForce);
    });
    // a block later it binds only later tasks
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        move_to(BLOCK + 2, NOW_MS + 20);
        assert_ok!(Tally::revoke_node(signed(HOSPITAL), 1));
        round.commit();
        let demand = round.demand(1);
        assert_ok!(round.answer(demand, 1));
        let mut late = next_round();
        late.commit();
        let demand = late.demand(1);
        assert_noop!(late.answer(demand, 1), Error::<Test>::KeyNotInForce);
    });
}

#[test]
fn a_suspended_organisation() {
    in_new_state(|| {
        with_federation();
        let mut before = next_round();
        move_to(BLOCK + 2, NOW_MS + 20);
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 0));
        before.commit();
        let demand = before.demand(1);
        assert_ok!(before.answer(demand, 1));
        let mut after = next_round();
        after.commit();
        let demand = after.demand(1);
        assert_noop!(after.answer(demand, 1), Error::<Test>::OrganisationSuspended);
    });
}

#[test]
fn a_node_outside_the_cohort() {
    refused(
        |r| {
            r.members.remove(1);
            r.members.push(Member { node: 9, key_epoch: 0, cap: 35 });
            let root = cohort_root(&r.members);
            r.change_task(|t| t.cohort_root = root);
        },
        Error::WrongMember,
    );
    shown(|e| e.member.node = 9, Error::NotMember);
    shown(|e| e.member_index = 2, Error::NotMember);
    shown(|e| e.member_proof[0][0] ^= 1, Error::NotMember);
}

#[test]
fn a_member_with_another_cap_or_key_epoch() {
    let changed = |change: fn(&mut Member)| {
        move |r: &mut Evidence| {
            change(&mut r.members[1]);
            let root = cohort_root(&r.members);
            r.change_task(|t| t.cohort_root = root);
        }
    };
    refused(changed(|m| m.cap = 36), Error::WrongMember);
    refused(changed(|m| m.cap = 34), Error::WrongMember);
    refused(changed(|m| m.key_epoch = 1), Error::WrongMember);
    // the spec's cap is the smaller one
    let terms = RunTerms { weighting: Weighting::Examples { cap: 30 }, ..TERMS };
    refused_on(terms, changed(|m| m.cap = 35), Error::WrongMember);
}

/// Changes the receipt of leaf 1, whose hash the leaf then names.
fn receipt(change: impl FnOnce(&mut Receipt)) -> impl FnOnce(&mut Evidence) {
    |r: &mut Evidence| r.change_receipt(1, change)
}

#[test]
fn a_receipt_that_says_something_else() {
    refused(receipt(|r| r.chain = [1; 32]), Error::WrongReceipt);
    refused(receipt(|r| r.run = 1), Error::WrongReceipt);
    refused(receipt(|r| r.round = 1), Error::WrongReceipt);
    refused(receipt(|r| r.prev = [1; 32]), Error::WrongReceipt);
    refused(receipt(|r| r.task = [1; 32]), Error::WrongReceipt);
    refused(receipt(|r| r.node = 2), Error::WrongReceipt);
    refused(receipt(|r| r.key_epoch = 1), Error::WrongReceipt);
    refused(receipt(|r| r.update = [1; 32]), Error::WrongReceipt);
    refused(receipt(|r| r.num_examples = 21), Error::WrongReceipt);
    refused(receipt(|r| r.policy = [1; 32]), Error::WrongReceipt);
    let none = |r: &mut Evidence| {
        r.change_receipt(1, |r| r.num_examples = 0);
        (r.leaves[1].num_examples, r.leaves[1].weight) = (0, 1);
    };
    refused(none, Error::WrongReceipt);
}

#[test]
fn a_substituted_update() {
    refused(|r| r.leaves[1].update = [1; 32], Error::WrongReceipt);
    shown(|e| e.receipt.record.salt = [0; 16], Error::OtherReceipt);
    shown(|e| e.receipt.signature[0] ^= 1, Error::OtherReceipt);
}

#[test]
fn a_forged_receipt() {
    refused(
        |r| {
            let record = r.receipts[1].record.clone();
            let signature = sign(&record, 20);
            r.leaves[1].receipt = receipt_hash(&record, &signature);
            r.receipts[1] = Signed { record, signature };
        },
        Error::BadReceiptSignature,
    );
}

#[test]
fn a_weight_that_is_not_the_rule_s() {
    // 20 examples, unit 4
    for weight in [1, 4, 6, 20] {
        refused(move |r| r.leaves[1].weight = weight, Error::WrongWeight);
    }
    // 40 examples of which 35 count, in a round of all four
    in_new_state(|| {
        with_federation();
        let mut round = next_round_with(4);
        round.commit();
        let demand = round.demand(3);
        assert_eq!(round.leaves[3].weight, 8);
        assert_ok!(round.answer(demand, 3));
    });
    // each counts 1
    let terms = RunTerms { weighting: Weighting::Equal { cap: 100 }, ..TERMS };
    refused_on(terms, |_| {}, Error::WrongWeight);
    in_new_state(|| {
        with_federation_on(terms);
        let mut round = next_round();
        round.leaves[1].weight = 1;
        round.commit();
        let demand = round.demand(1);
        assert_ok!(round.answer(demand, 1));
    });
}

#[test]
fn weights_by_examples_cap_unit_and_age() {
    let examples = Weighting::Examples { cap: 1 };
    assert_eq!(weight_of(examples, 1_000, (100, 8), 0), Some(12));
    assert_eq!(weight_of(examples, 3, (100, 8), 0), Some(1));
    assert_eq!(weight_of(examples, 30, (100, 1), 1), Some(21));
    assert_eq!(weight_of(examples, 85, (100, 1), 1), Some(60));
    assert_eq!(weight_of(examples, 1, (100, 1), 64), Some(1));
    assert_eq!(weight_of(examples, 1, (100, 1), 65), None);
    assert_eq!(weight_of(examples, 1, (100, 0), 0), None);
    assert_eq!(weight_of(examples, u64::MAX, (u64::MAX, 1), 0), Some(u64::MAX));
    assert_eq!(weight_of(Weighting::Equal { cap: 1 }, 1_000, (100, 8), 3), Some(1));
}

/// Round 1, of this mode, counts node 1's receipt of round 0 with this weight. Answers a demand
/// for its leaf.
fn show_old_receipt(mode: u8, weight: u64) -> frame_support::dispatch::DispatchResult {
    with_federation();
    let mut asked = next_round();
    asked.leaves.remove(1);
    let old = asked.receipts.remove(1);
    asked.excluded.insert(0, exclude(1, [0; 32], 10));
    asked.commit();
    let mut round = next_round();
    round.leaves[1].receipt = receipt_hash(&old.record, &old.signature);
    round.leaves[1].weight = weight;
    round.receipts[1] = old;
    let header = Header { mode, ..round.seal() };
    assert_ok!(commit(header));
    let demand = round.demand(1);
    round.answer(demand, 1)
}

#[test]
fn an_old_receipt_counts_less_and_in_an_asynchronous_round_alone() {
    // 5 · 0.707…
    in_new_state(|| assert_eq!(show_old_receipt(ASYNCHRONOUS, 3), Ok(())));
    in_new_state(|| {
        assert_eq!(show_old_receipt(ASYNCHRONOUS, 5), Err(Error::<Test>::WrongWeight.into()));
    });
    in_new_state(|| {
        assert_eq!(show_old_receipt(CLEAR, 3), Err(Error::<Test>::WrongReceipt.into()));
    });
}

#[test]
fn an_answer_fits_in_two_kilobytes() {
    use codec::Encode;
    in_new_state(|| {
        with_federation();
        let mut round = next_round();
        round.commit();
        let mut evidence = round.leaf(1);
        // paths of a round of 10,000 nodes
        evidence.proof = vec![([0; 32], 0); 14].try_into().unwrap();
        evidence.member_proof = vec![[0; 32]; 14].try_into().unwrap();
        let call =
            Call::<Test>::answer { run: 0, round: 0, demand: 0, answer: Answer::Leaf(evidence) };
        let bytes = call.encode().len();
        assert!(bytes <= 2_048, "{bytes}");
    });
}
