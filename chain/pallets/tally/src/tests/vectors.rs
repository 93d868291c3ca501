//! Signatures shared with TypeScript (`test-vectors/`), as the chain judges them.

use crate::checks::verify;
use serde_json::Value;
use tally_records::keys::is_admissible;

pub fn vectors(file: &str) -> Value {
    let path = format!("{}/../../../test-vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

pub fn array<const N: usize>(hex: &Value) -> [u8; N] {
    bytes(hex).try_into().unwrap()
}

#[test]
fn signatures_are_judged_by_zip_215_and_the_key_s_bytes() {
    let mut seen = [0, 0];
    for vector in vectors("signatures.json")["signatures"].as_array().unwrap() {
        let key = array(&vector["key"]);
        let want = vector["zip215"].as_bool().unwrap() && is_admissible(&key);
        let found = verify(&bytes(&vector["message"]), &key, &array(&vector["signature"]));
        assert_eq!(found, want, "{}", vector["name"]);
        // the chain accepts whatever is accepted off the chain
        assert!(found || !vector["valid"].as_bool().unwrap() || !is_admissible(&key));
        seen[usize::from(found)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0);
}

#[test]
fn every_record_s_signature_holds_on_the_chain() {
    let file = vectors("records.json");
    let key = array(&file["key"]);
    for vector in file["records"].as_array().unwrap() {
        let signed = [bytes(&vector["tag"]), bytes(&vector["scale"])].concat();
        let signature = array(&vector["signature"]);
        assert!(verify(&signed, &key, &signature), "{}", vector["name"]);
        assert!(!verify(&bytes(&vector["scale"]), &key, &signature), "{}", vector["name"]);
    }
}
