//! The vectors shared with TypeScript (`test-vectors/`): records, keys, trees.

use codec::Decode;
use serde_json::Value;
use tally_records::{keys::is_admissible, records::*, tree, tree::Tree, Hash};

fn vectors(file: &str) -> Value {
    let path = format!("{}/../../test-vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// A field as the vectors write it: bytes in hex, 64 bits and more as decimal text.
trait Field {
    fn read(value: &Value) -> Self;
}

impl<const N: usize> Field for [u8; N] {
    fn read(value: &Value) -> Self {
        bytes(value).try_into().unwrap()
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(impl Field for $ty {
        fn read(value: &Value) -> Self {
            value.as_str().map_or_else(|| value.to_string(), String::from).parse().unwrap()
        }
    })* };
}
integers!(u8, u32, u64, i64, u128);

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_string();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// A record made from its fields by name, in whatever order they stand.
trait FromFields {
    fn from_fields(fields: &Value) -> Self;
}

macro_rules! from_fields {
    ($($record:ident { $($field:ident)* })*) => { $(impl FromFields for $record {
        fn from_fields(fields: &Value) -> Self {
            let names = [$(stringify!($field)),*];
            assert_eq!(fields.as_object().unwrap().len(), names.len());
            $record { $($field: Field::read(&fields[camel_case(stringify!($field))])),* }
        }
    })* };
}
from_fields! {
    Hello { chain node key_epoch coordinator_key server_nonce client_nonce }
    Pop { chain owner key }
    Genesis { chain run spec model }
    Task { chain run round prev spec model state at_block at_hash cohort_root cohort unit deadline_ms }
    Receipt { chain run round prev task node key_epoch update update_bytes num_examples loss_before
        loss_after policy salt }
    Decline { chain run round task node reason }
    Promise { chain run round node receipt due_ms }
    Member { node key_epoch cap }
    Contrib { node key_epoch receipt update num_examples weight }
    Exclude { node receipt reason }
    Header { chain mode run round prev task at_block model_before model_after state_after contrib_root
        included sum_weight excluded_root excluded cohort metrics deadline_ms closed_at_ms }
    Epoch { chain run epoch prev first_round last_round last_header entitle_root accounts total }
    Entitle { account cumulative }
}

fn check<R: Record + FromFields + Decode + PartialEq + std::fmt::Debug>(vector: &Value) {
    let record = R::from_fields(&vector["fields"]);
    let scale = bytes(&vector["scale"]);
    assert_eq!(R::TAG.to_vec(), bytes(&vector["tag"]));
    assert_eq!(record.encode(), scale);
    assert_eq!(record.hash().to_vec(), bytes(&vector["hash"]));
    assert_eq!(R::decode(&mut &scale[..]), Ok(record));
}

#[test]
fn records_have_the_same_bytes_and_hashes() {
    let file = vectors("records.json");
    let mut names = std::collections::BTreeSet::new();
    for vector in list(&file["records"]) {
        let name = vector["name"].as_str().unwrap();
        names.insert(name);
        match name.trim_start_matches("tally/").trim_end_matches("/v1") {
            "hello" => check::<Hello>(vector),
            "pop" => check::<Pop>(vector),
            "genesis" => check::<Genesis>(vector),
            "task" => check::<Task>(vector),
            "receipt" => check::<Receipt>(vector),
            "decline" => check::<Decline>(vector),
            "promise" => check::<Promise>(vector),
            "member" => check::<Member>(vector),
            "contrib" => check::<Contrib>(vector),
            "exclude" => check::<Exclude>(vector),
            "header" => check::<Header>(vector),
            "epoch" => check::<Epoch>(vector),
            "entitle" => check::<Entitle>(vector),
            other => panic!("no such record: {other}"),
        }
    }
    assert_eq!(names.len(), 13);
}

#[test]
fn receipt_hashes_cover_the_signature() {
    let file = vectors("records.json");
    let receipts = list(&file["records"]).iter().filter(|v| !v["receiptHash"].is_null());
    let mut seen = 0;
    for vector in receipts {
        let receipt = Receipt::from_fields(&vector["fields"]);
        let hash = receipt_hash(&receipt, &Field::read(&vector["signature"]));
        assert_eq!(hash.to_vec(), bytes(&vector["receiptHash"]));
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_same_keys_are_admissible() {
    for vector in list(&vectors("keys.json")["keys"]) {
        let want = vector["admissible"].as_bool().unwrap();
        assert_eq!(is_admissible(&Field::read(&vector["key"])), want, "{vector}");
    }
}

#[test]
fn plain_trees_have_the_same_roots() {
    let file = vectors("trees.json");
    let leaves: Vec<Hash> = list(&file["plain"]["leaves"])
        .iter()
        .map(|v| {
            let (node, cap) = (Field::read(&v["node"]), Field::read(&v["cap"]));
            let leaf = tree::leaf(&Member { node, key_epoch: 0, cap });
            assert_eq!(leaf.to_vec(), bytes(&v["leaf"]));
            leaf
        })
        .collect();
    for vector in list(&file["plain"]["trees"]) {
        let count = vector["count"].as_u64().unwrap() as usize;
        let root = tree::root(&leaves[..count]).unwrap_or_default();
        assert_eq!(root.to_vec(), bytes(&vector["root"]), "{count} leaves");
        let tree = Tree { root, count: count as u32, total: 0 };
        for (index, steps) in list(&vector["proofs"]).iter().enumerate() {
            let proof: Vec<Hash> = list(steps).iter().map(Field::read).collect();
            assert_eq!(tree::proof(&leaves[..count], index), Some(proof.clone()));
            only_this_proof(&tree, (index as u32, leaves[index]), &proof);
        }
        assert_eq!(tree::proof(&leaves[..count], count), None);
        assert!(!tree::verify(&tree, count as u32, root, &[]));
    }
}

/// The proof holds, and no other place, leaf, count, root or length does.
fn only_this_proof(tree: &Tree, (index, leaf): (u32, Hash), proof: &[Hash]) {
    let holds = |tree: &Tree, index, leaf, proof: &[Hash]| tree::verify(tree, index, leaf, proof);
    assert!(holds(tree, index, leaf, proof));
    for other in (0..=tree.count + 1).filter(|other| *other != index) {
        assert!(!holds(tree, other, leaf, proof), "{index} as {other} of {}", tree.count);
    }
    assert!(!holds(tree, index, [0; 32], proof));
    assert!(!holds(&Tree { root: [0; 32], ..*tree }, index, leaf, proof));
    assert!(!holds(&Tree { count: 0, ..*tree }, index, leaf, proof));
    assert!(!holds(tree, index, leaf, &[proof, &[leaf]].concat()));
    for step in 0..proof.len() {
        let mut bent = proof.to_vec();
        bent[step][31] ^= 1;
        assert!(!holds(tree, index, leaf, &bent));
        assert!(!holds(tree, index, leaf, &proof[..step]));
        bent.remove(step);
        assert!(!holds(tree, index, leaf, &bent));
    }
}

fn read_step(step: &Value) -> (Hash, u128) {
    (Field::read(&step["hash"]), Field::read(&step["sum"]))
}

/// The same of a sum tree, and no other sum or total.
fn only_this_sum_proof(tree: &Tree, index: u32, leaf: (Hash, u128), proof: &[(Hash, u128)]) {
    assert!(tree::verify_sum(tree, index, leaf, proof));
    for other in (0..=tree.count + 1).filter(|other| *other != index) {
        assert!(!tree::verify_sum(tree, other, leaf, proof), "{index} as {other}");
    }
    let more = leaf.1.wrapping_add(1);
    assert!(!tree::verify_sum(tree, index, (leaf.0, more), proof));
    assert!(!tree::verify_sum(tree, index, ([0; 32], leaf.1), proof));
    let total = tree.total.wrapping_add(1);
    assert!(!tree::verify_sum(&Tree { total, ..*tree }, index, leaf, proof));
    assert!(!tree::verify_sum(&Tree { count: 0, ..*tree }, index, leaf, proof));
    assert!(!tree::verify_sum(tree, index, leaf, &[proof, &[leaf]].concat()));
    for step in 0..proof.len() {
        let mut bent = proof.to_vec();
        bent[step].1 ^= 1;
        assert!(!tree::verify_sum(tree, index, leaf, &bent));
        bent = proof.to_vec();
        bent[step].0[0] ^= 1;
        assert!(!tree::verify_sum(tree, index, leaf, &bent));
        assert!(!tree::verify_sum(tree, index, leaf, &proof[..step]));
    }
}

#[test]
fn a_sum_that_does_not_fit_proves_nothing() {
    let other = ([1; 32], u128::MAX);
    let root =
        tally_records::sha256(&[&[3], &[2; 32], &1u128.to_le_bytes(), &other.0, &[0xff; 16]]);
    let tree = Tree { root, count: 2, total: 0 };
    assert!(!tree::verify_sum(&tree, 0, ([2; 32], 1), &[other]));
}

#[test]
fn proofs_of_large_trees_hold() {
    let leaves: Vec<Hash> =
        (0..1_000u32).map(|i| [i.to_le_bytes(); 8].concat().try_into().unwrap()).collect();
    let root = tree::root(&leaves).unwrap();
    let tree = Tree { root, count: 1_000, total: 0 };
    for index in [0, 1, 511, 512, 767, 768, 998, 999] {
        let proof = tree::proof(&leaves, index).unwrap();
        assert!(proof.len() <= 10);
        assert!(tree::verify(&tree, index as u32, leaves[index], &proof));
        assert!(!tree::verify(&tree, index as u32 ^ 1, leaves[index], &proof));
    }
}

#[test]
fn sum_trees_have_the_same_roots_and_totals() {
    let file = vectors("trees.json");
    let leaves: Vec<(Hash, u128)> = list(&file["sum"]["leaves"])
        .iter()
        .map(|v| {
            let cumulative = Field::read(&v["cumulative"]);
            let leaf = tree::sum_leaf(&Entitle { account: Field::read(&v["account"]), cumulative });
            assert_eq!(leaf.to_vec(), bytes(&v["leaf"]));
            (leaf, cumulative)
        })
        .collect();
    for vector in list(&file["sum"]["trees"]) {
        let count = vector["count"].as_u64().unwrap() as usize;
        let (root, total) = tree::sum_root(&leaves[..count]).unwrap_or_default();
        assert_eq!(root.to_vec(), bytes(&vector["root"]), "{count} leaves");
        assert_eq!(total, u128::read(&vector["total"]), "{count} leaves");
        let tree = Tree { root, count: count as u32, total };
        for (index, steps) in list(&vector["proofs"]).iter().enumerate() {
            let proof: Vec<(Hash, u128)> = list(steps).iter().map(read_step).collect();
            assert_eq!(tree::sum_proof(&leaves[..count], index), Some(proof.clone()));
            only_this_sum_proof(&tree, index as u32, leaves[index], &proof);
        }
        assert!(!tree::verify_sum(&tree, count as u32, (root, total), &[]));
    }
}
