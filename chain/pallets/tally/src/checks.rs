//! What a header must satisfy to become a run's next round, and what a key must satisfy.
//! Nothing here reads or writes storage.

use crate::{types::*, Config, Error, RunOf};
use frame_support::ensure;
use sp_core::ed25519::{Public, Signature};
use tally_records::{
    keys::is_admissible,
    records::{Header, Pop, Record},
    Hash,
};

/// Where and when a header is judged.
pub struct Instant {
    /// Hash of the genesis block.
    pub chain: Hash,
    /// Number of the block that is being built.
    pub block: u32,
    /// Its timestamp.
    pub now_ms: u64,
}

/// Checks all of a header but its signature.
pub fn header<T: Config>(run: &RunOf<T>, header: &Header, at: &Instant) -> Result<(), Error<T>> {
    place(run, header, at)?;
    counts(run, header)?;
    time(run, header, at)
}

/// The header continues this run on this chain.
fn place<T: Config>(run: &RunOf<T>, header: &Header, at: &Instant) -> Result<(), Error<T>> {
    ensure!(header.chain == at.chain, Error::WrongChain);
    ensure!(matches!(header.mode, CLEAR | ASYNCHRONOUS), Error::UnsupportedMode);
    ensure!(run.status == RunStatus::Open, Error::RunNotOpen);
    ensure!(header.round == run.next_round, Error::WrongRound);
    ensure!(header.prev == run.head, Error::WrongPrev);
    ensure!(header.model_before == run.model, Error::WrongModelBefore);
    Ok(())
}

/// Counts, weights and roots agree with each other and with the run's minimum.
fn counts<T: Config>(run: &RunOf<T>, header: &Header) -> Result<(), Error<T>> {
    let cohort = header.included.checked_add(header.excluded);
    ensure!(cohort == Some(header.cohort), Error::WrongCohort);
    ensure!(header.sum_weight < SUM_WEIGHT_LIMIT, Error::WeightTooLarge);
    if header.included == 0 {
        ensure!(header.sum_weight == 0, Error::EmptyRoundHasWeight);
        ensure!(header.model_after == run.model, Error::EmptyRoundChangesModel);
        ensure!(header.state_after == run.state, Error::EmptyRoundChangesState);
    } else {
        ensure!(header.included >= run.min_nodes, Error::TooFewIncluded);
        // every contribution weighs at least 1
        ensure!(header.sum_weight >= u64::from(header.included), Error::WeightTooSmall);
    }
    let zeros = [0u8; 32];
    ensure!((header.included == 0) == (header.contrib_root == zeros), Error::WrongContribRoot);
    ensure!((header.excluded == 0) == (header.excluded_root == zeros), Error::WrongExcludedRoot);
    Ok(())
}

/// Blocks and times do not go back, do not lie ahead, and are not stale.
fn time<T: Config>(run: &RunOf<T>, header: &Header, at: &Instant) -> Result<(), Error<T>> {
    ensure!(header.at_block >= run.last_at_block, Error::AtBlockGoesBack);
    let age = at.block.checked_sub(header.at_block).ok_or(Error::AtBlockInFuture)?;
    ensure!(age <= run.windows.max_task_age_blocks, Error::AtBlockTooOld);
    ensure!(header.closed_at_ms >= run.last_closed_at_ms, Error::ClosedAtGoesBack);
    let latest = at.now_ms.saturating_add(MAX_CLOCK_LEAD_MS);
    ensure!(header.closed_at_ms <= latest, Error::ClosedAtInFuture);
    Ok(())
}

/// The coordinator key that signs `round`.
pub fn key_in_force<T: Config>(run: &RunOf<T>, round: RoundNumber) -> Option<Key> {
    run.coordinator_keys.iter().rev().find(|k| k.from_round <= round).map(|k| k.key)
}

/// The key is admissible and its holder vouches for `owner` on this chain.
pub fn possession<T: Config>(
    chain: Hash,
    owner: [u8; 32],
    key: Key,
    proof: &SignatureBytes,
) -> Result<(), Error<T>> {
    ensure!(is_admissible(&key), Error::KeyNotAdmissible);
    ensure!(signed(&Pop { chain, owner, key }, &key, proof), Error::BadProof);
    Ok(())
}

/// True iff `signature` is by `key` over the record's tag and bytes.
pub fn signed<R: Record>(record: &R, key: &Key, signature: &SignatureBytes) -> bool {
    verify(&record.signing_bytes(), key, signature)
}

/// ZIP-215 with an admissible key: of a small-order key any signature holds for any message.
pub fn verify(message: &[u8], key: &Key, signature: &SignatureBytes) -> bool {
    let (signature, public) = (Signature::from_raw(*signature), Public::from_raw(*key));
    is_admissible(key) && sp_io::crypto::ed25519_verify(&signature, message, &public)
}

/// A run's terms are within their limits.
pub fn terms<T: Config>(terms: &RunTerms) -> Result<(), Error<T>> {
    let RunTerms { min_nodes, windows: ref times, weighting, payout, .. } = *terms;
    ensure!(min_nodes > 0, Error::ZeroMinNodes);
    windows(times)?;
    let (Weighting::Examples { cap } | Weighting::Equal { cap }) = weighting;
    ensure!(cap > 0, Error::ZeroCap);
    ensure!((1..=MAX_EPOCH_ROUNDS).contains(&payout.epoch_rounds), Error::EpochRoundsOutOfRange);
    ensure!((1..=PPM).contains(&payout.cap_ppm), Error::CapOutOfRange);
    // twice the budget is the coordinator's bond
    ensure!(payout.epoch_budget <= u128::MAX / 2, Error::BudgetTooLarge);
    Ok(())
}

/// Windows are within their limits.
fn windows<T: Config>(windows: &Windows) -> Result<(), Error<T>> {
    let longest = windows.challenge_ms.max(windows.settle_ms).max(windows.halt_ms);
    ensure!(longest <= MAX_WINDOW_MS, Error::WindowTooLong);
    let age = windows.max_task_age_blocks;
    ensure!((1..=MAX_TASK_AGE_BLOCKS).contains(&age), Error::TaskAgeOutOfRange);
    Ok(())
}

/// The number after `number`.
pub fn successor<T: Config>(number: u32) -> Result<u32, Error<T>> {
    number.checked_add(1).ok_or(Error::NumbersUsedUp)
}
