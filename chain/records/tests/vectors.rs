//! The vectors shared with TypeScript (`test-vectors/`): records, keys, trees.

use codec::Decode;
use serde_json::Value;
use tally_records::{
    keys::is_admissible,
    proof::{verify, verify_sum, Place},
    records::*,
    tree, Hash,
};

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
        for (index, proof) in list(&vector["proofs"]).iter().enumerate() {
            let proof: Vec<Hash> = list(proof).iter().map(Field::read).collect();
            let place = Place { index: index as u32, count: count as u32 };
            check_places(place, &proof, |place, proof| verify(&root, place, leaves[index], proof));
        }
    }
}

/// A proof holds at its own place, whole, and nowhere else.
fn check_places<N: Clone>(place: Place, proof: &[N], holds: impl Fn(Place, &[N]) -> bool) {
    assert!(holds(place, proof), "{place:?}");
    for index in (0..place.count + 2).filter(|index| *index != place.index) {
        assert!(!holds(Place { index, ..place }, proof), "{place:?} as {index}");
    }
    let longer: Vec<N> = proof.iter().chain(proof.first()).cloned().collect();
    if !proof.is_empty() {
        assert!(!holds(place, &proof[1..]) && !holds(place, &longer), "{place:?}");
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
        for (index, proof) in list(&vector["proofs"]).iter().enumerate() {
            let step = |v: &Value| (Field::read(&v["hash"]), Field::read(&v["sum"]));
            let proof: Vec<(Hash, u128)> = list(proof).iter().map(step).collect();
            let place = Place { index: index as u32, count: count as u32 };
            let leaf = leaves[index];
            let top = (root, total);
            check_places(place, &proof, |place, proof| verify_sum(&top, place, leaf, proof));
            assert!(!verify_sum(&(root, total + 1), place, leaf, &proof));
            assert!(!verify_sum(&top, place, (leaf.0, leaf.1 + 1), &proof));
        }
    }
}
