//! Weights of the calls: written by hand, above what was measured, until there are benchmarks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// What each call costs.
pub trait WeightInfo {
    /// Weight of `register_organisation`.
    fn register_organisation() -> Weight;
    /// Weight of `suspend_organisation`.
    fn suspend_organisation() -> Weight;
    /// Weight of `register_node`.
    fn register_node() -> Weight;
    /// Weight of `admit_node`.
    fn admit_node() -> Weight;
    /// Weight of `rotate_key`.
    fn rotate_key() -> Weight;
    /// Weight of `revoke_node`.
    fn revoke_node() -> Weight;
    /// Weight of `create_run`.
    fn create_run() -> Weight;
    /// Weight of `accept_run`.
    fn accept_run() -> Weight;
    /// Weight of `commit_round`.
    fn commit_round() -> Weight;
    /// Weight of `close_run`.
    fn close_run() -> Weight;
    /// Weight of `set_registrar`.
    fn set_registrar() -> Weight;
}

/// Plain bookkeeping, in picoseconds.
const BASE: u64 = 25_000_000;
/// One Ed25519 verification and the hashing around it, in picoseconds.
const SIGNATURE: u64 = 120_000_000;

fn weight(ref_time: u64, proof_size: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(ref_time, proof_size)
        .saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn set_registrar() -> Weight {
        weight(BASE, 2_000, 0, 1)
    }
    fn register_organisation() -> Weight {
        weight(BASE, 2_000, 2, 2)
    }
    fn suspend_organisation() -> Weight {
        weight(BASE, 4_000, 2, 1)
    }
    fn register_node() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 4, 4)
    }
    fn admit_node() -> Weight {
        weight(BASE, 12_000, 4, 3)
    }
    fn rotate_key() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 12_000, 4, 4)
    }
    fn revoke_node() -> Weight {
        weight(BASE, 8_000, 3, 2)
    }
    fn create_run() -> Weight {
        weight(BASE.saturating_mul(3), 10_000, 4, 5)
    }
    fn accept_run() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 3, 1)
    }
    fn commit_round() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 3, 2)
    }
    fn close_run() -> Weight {
        weight(BASE.saturating_mul(3), 12_000, 5, 4)
    }
}
