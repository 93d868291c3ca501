//! Records of the protocol as SCALE structs, their hashes, tree roots and key admissibility.
//!
//! Integers have a fixed width, so a record has exactly one encoding.
//! A signature covers tag ‖ SCALE(record). Nothing here verifies signatures or keeps state.
#![no_std]
#![deny(missing_docs)]
extern crate alloc;

pub mod keys;
pub mod records;
pub mod tree;

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// SHA-256 of the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut h = Sha256::new();
    for part in parts {
        h.update(part);
    }
    h.finalize().into()
}
