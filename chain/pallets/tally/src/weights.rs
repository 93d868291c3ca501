//! Weights of the calls: written by hand, above what was measured, until there are benchmarks.

use crate::{MAX_ATTESTS, MAX_PRUNED_ROUNDS};
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
    /// Weight of `grant_consent`.
    fn grant_consent() -> Weight;
    /// Weight of `revoke_consent`.
    fn revoke_consent() -> Weight;
    /// Weight of `demand`.
    fn demand() -> Weight;
    /// Weight of `answer`.
    fn answer() -> Weight;
    /// Weight of `settle_epoch`.
    fn settle_epoch() -> Weight;
    /// Weight of `claim`.
    fn claim() -> Weight;
    /// Weight of `object`.
    fn object() -> Weight;
    /// Weight of `resolve`.
    fn resolve() -> Weight;
    /// Weight of `attest`.
    fn attest() -> Weight;
    /// Weight of `halt`.
    fn halt() -> Weight;
    /// Weight of `replace_coordinator`.
    fn replace_coordinator() -> Weight;
    /// Weight of `replace_coordinator_key`.
    fn replace_coordinator_key() -> Weight;
    /// Weight of `graduate`.
    fn graduate() -> Weight;
    /// Weight of `dispute` with so many shown contributions.
    fn dispute(shown: u32) -> Weight;
    /// Weight of `claim_many` with so many claims.
    fn claim_many(claims: u32) -> Weight;
    /// Weight of `prune` of so many rounds; what is above the limit is not looked at.
    fn prune(rounds: u32) -> Weight;
}

/// Plain bookkeeping, in picoseconds.
const BASE: u64 = 25_000_000;
/// One Ed25519 verification and the hashing around it, in picoseconds.
const SIGNATURE: u64 = 120_000_000;
/// The hashes of an answer of 2 KB with two proofs, in picoseconds.
const HASHING: u64 = 1_000_000_000;

fn weight(ref_time: u64, proof_size: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(ref_time, proof_size)
        .saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
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
        weight(BASE.saturating_mul(3).saturating_add(SIGNATURE), 12_000, 6, 4)
    }
    fn commit_round() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 3, 2)
    }
    fn close_run() -> Weight {
        weight(BASE.saturating_mul(6), 20_000, 10, 8)
    }
    fn grant_consent() -> Weight {
        weight(BASE, 8_000, 5, 3)
    }
    fn revoke_consent() -> Weight {
        weight(BASE, 8_000, 5, 3)
    }
    fn demand() -> Weight {
        weight(BASE.saturating_mul(3).saturating_add(SIGNATURE), 16_000, 7, 6)
    }
    fn answer() -> Weight {
        weight(
            BASE.saturating_mul(3).saturating_add(SIGNATURE).saturating_add(HASHING),
            24_000,
            14,
            5,
        )
    }
    fn settle_epoch() -> Weight {
        weight(BASE.saturating_mul(6).saturating_add(SIGNATURE), 24_000, 14, 12)
    }
    fn claim() -> Weight {
        weight(BASE.saturating_mul(4).saturating_add(HASHING / 4), 16_000, 9, 8)
    }
    fn object() -> Weight {
        weight(BASE.saturating_mul(2), 8_000, 6, 5)
    }
    fn resolve() -> Weight {
        weight(BASE.saturating_mul(4), 16_000, 9, 9)
    }
    fn attest() -> Weight {
        weight(BASE.saturating_mul(3), 8_000, 5, 3)
    }
    fn halt() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 4, 1)
    }
    fn replace_coordinator() -> Weight {
        weight(BASE.saturating_mul(3), 12_000, 7, 5)
    }
    fn replace_coordinator_key() -> Weight {
        weight(BASE.saturating_add(SIGNATURE), 8_000, 4, 1)
    }
    fn graduate() -> Weight {
        weight(BASE, 8_000, 5, 1)
    }
    fn dispute(shown: u32) -> Weight {
        let leaf = weight(BASE.saturating_add(HASHING / 4), 8_000, 3, 0);
        weight(
            BASE.saturating_mul(6)
                .saturating_add(SIGNATURE.saturating_mul(2))
                .saturating_add(HASHING),
            40_000,
            30,
            28,
        )
        .saturating_add(leaf.saturating_mul(shown.into()))
    }
    fn claim_many(claims: u32) -> Weight {
        <() as WeightInfo>::claim().saturating_mul(claims.saturating_add(1).into())
    }
    fn prune(rounds: u32) -> Weight {
        let rounds = u64::from(rounds.min(MAX_PRUNED_ROUNDS));
        let attests = rounds.saturating_mul(MAX_ATTESTS.into());
        let each = weight(0, 4_000, 2, 2).saturating_mul(rounds);
        let deposits = weight(0, 500, 2, 2).saturating_mul(attests);
        weight(BASE, 8_000, 4, 2).saturating_add(each).saturating_add(deposits)
    }
}
