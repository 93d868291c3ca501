//! The records; field order is the wire order.
#![allow(missing_docs)] // the fields are defined by the protocol's record table
use crate::{sha256, Hash};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A record with its domain tag.
pub trait Record: Encode {
    /// ASCII, zero-padded to 16 bytes.
    const TAG: [u8; 16];
    /// The bytes that a signature covers: tag ‖ SCALE.
    fn signing_bytes(&self) -> Vec<u8> {
        let mut out = Self::TAG.to_vec();
        self.encode_to(&mut out);
        out
    }
    /// H(tag ‖ SCALE).
    fn hash(&self) -> Hash {
        sha256(&[&self.signing_bytes()])
    }
}

const fn tag(name: &[u8]) -> [u8; 16] {
    let mut out = [0u8; 16];
    let mut i = 0;
    while i < name.len() {
        out[i] = name[i];
        i += 1;
    }
    out
}

macro_rules! record {
    ($name:ident, $tag:literal, { $($field:ident: $ty:ty),* $(,)? }) => {
        #[doc = $tag]
        #[derive(
            Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
            TypeInfo,
        )]
        pub struct $name { $(pub $field: $ty),* }
        impl Record for $name {
            const TAG: [u8; 16] = tag($tag.as_bytes());
        }
    };
}

record!(Hello, "tally/hello/v1", { chain: Hash, node: u32, key_epoch: u32,
    coordinator_key: [u8; 32], server_nonce: [u8; 32], client_nonce: [u8; 32] });
record!(Pop, "tally/pop/v1", { chain: Hash, owner: [u8; 32], key: [u8; 32] });
record!(Genesis, "tally/genesis/v1", { chain: Hash, run: u32, spec: Hash, model: Hash });
record!(Task, "tally/task/v1", { chain: Hash, run: u32, round: u32, prev: Hash, spec: Hash,
    model: Hash, state: Hash, at_block: u32, at_hash: Hash, cohort_root: Hash, cohort: u32,
    unit: u64, deadline_ms: u64 });
record!(Receipt, "tally/receipt/v1", { chain: Hash, run: u32, round: u32, prev: Hash, task: Hash,
    node: u32, key_epoch: u32, update: Hash, update_bytes: u64, num_examples: u64,
    loss_before: i64, loss_after: i64, policy: Hash, salt: [u8; 16] });
record!(Decline, "tally/decline/v1", { chain: Hash, run: u32, round: u32, task: Hash, node: u32,
    reason: u8 });
record!(Promise, "tally/promise/v1", { chain: Hash, run: u32, round: u32, node: u32,
    receipt: Hash, due_ms: u64 });
record!(Member, "tally/member/v1", { node: u32, key_epoch: u32, cap: u64 });
record!(Contrib, "tally/contrib/v1", { node: u32, key_epoch: u32, receipt: Hash, update: Hash,
    num_examples: u64, weight: u64 });
record!(Exclude, "tally/exclude/v1", { node: u32, receipt: Hash, reason: u8 });
record!(Header, "tally/header/v1", { chain: Hash, mode: u8, run: u32, round: u32, prev: Hash,
    task: Hash, at_block: u32, model_before: Hash, model_after: Hash, state_after: Hash,
    contrib_root: Hash, included: u32, sum_weight: u64, excluded_root: Hash, excluded: u32,
    cohort: u32, metrics: Hash, deadline_ms: u64, closed_at_ms: u64 });
record!(Epoch, "tally/epoch/v1", { chain: Hash, run: u32, epoch: u32, prev: Hash,
    first_round: u32, last_round: u32, last_header: Hash, entitle_root: Hash, accounts: u32,
    total: u128 });
record!(Entitle, "tally/entitle/v1", { account: [u8; 32], cumulative: u128 });

/// A receipt's hash also covers its signature.
pub fn receipt_hash(receipt: &Receipt, signature: &[u8; 64]) -> Hash {
    sha256(&[&receipt.signing_bytes(), signature])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_width_little_endian_after_a_padded_tag() {
        let m = Member { node: 1, key_epoch: 2, cap: 3 };
        let mut want = b"tally/member/v1\0".to_vec();
        want.extend([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(m.signing_bytes(), want);
        assert_eq!(m.hash(), sha256(&[&want]));
    }

    #[test]
    fn a_receipt_hash_changes_with_its_signature() {
        let h = [0; 32];
        let r = Receipt {
            chain: h,
            run: 0,
            round: 0,
            prev: h,
            task: h,
            node: 0,
            key_epoch: 0,
            update: h,
            update_bytes: 0,
            num_examples: 0,
            loss_before: i64::MIN,
            loss_after: -1,
            policy: h,
            salt: [0; 16],
        };
        assert_eq!(r.encode().len(), 224);
        assert_ne!(receipt_hash(&r, &[0; 64]), receipt_hash(&r, &[1; 64]));
    }
}
