//! Claims: payees get what the newest final epoch entitles them to.

use crate::{evidence::*, pallet::*, types::*, EpochOf, RunOf};
use codec::Decode;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, ConstU32},
    BoundedVec,
};
use tally_records::tree::{self, Tree};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_claim(run: RunId, epoch: u32, claim: Claim) -> DispatchResult {
        Self::pay_all(run, epoch, &[claim])
    }

    pub(crate) fn do_claim_many(
        run: RunId,
        epoch: u32,
        claims: BoundedVec<Claim, ConstU32<MAX_CLAIMS>>,
    ) -> DispatchResult {
        Self::pay_all(run, epoch, &claims)
    }

    fn pay_all(id: RunId, number: u32, claims: &[Claim]) -> DispatchResult {
        let mut run = Self::existing_run(id)?;
        let mut entry = Self::claimable(id, &run, number)?;
        for claim in claims {
            Self::pay(id, &mut run, &entry, claim)?;
        }
        Self::refund_rest(&mut run, number, &entry)?;
        if Self::release_settler(&mut entry)? {
            Epochs::<T>::insert(id, number, entry);
        }
        Runs::<T>::insert(id, run);
        Ok(())
    }

    /// In a closed run nothing is owed but what rounds earned: once the last of them is settled for
    /// good, the rest of the pot goes back.
    fn refund_rest(run: &mut RunOf<T>, number: u32, newest: &EpochOf<T>) -> DispatchResult {
        let is_last =
            number.checked_add(1) == Some(run.epoch) && newest.counted_rounds == run.counted_rounds;
        if run.status != RunStatus::Closed || !is_last {
            return Ok(());
        }
        let rest = run.funded.saturating_sub(run.allotted);
        run.funded = run.allotted;
        T::Currency::release(&HoldReason::Pot.into(), &run.owner, rest, Precision::Exact)?;
        Ok(())
    }

    /// The newest final epoch: an older root could pay what a later one has corrected.
    fn claimable(id: RunId, run: &RunOf<T>, number: u32) -> Result<EpochOf<T>, Error<T>> {
        let entry = Self::existing_epoch(id, run, number)?;
        ensure!(Self::is_epoch_final(run, &entry), Error::EpochNotFinal);
        let next = Self::existing_epoch(id, run, number.saturating_add(1));
        let is_newest = !next.is_ok_and(|next| Self::is_epoch_final(run, &next));
        ensure!(is_newest, Error::EpochOutOfDate);
        Ok(entry)
    }

    /// Pays what the account is entitled to and has not had.
    fn pay(id: RunId, run: &mut RunOf<T>, entry: &EpochOf<T>, claim: &Claim) -> DispatchResult {
        ensure!(Self::stands(entry, claim), Error::<T>::WrongProof);
        let account = Self::account(&claim.leaf.account)?;
        let had = Paid::<T>::get(id, &account);
        let due = claim.leaf.cumulative.saturating_sub(had);
        ensure!(due > 0, Error::<T>::NothingToClaim);
        let paid = run.paid.saturating_add(due);
        ensure!(paid <= run.allotted, Error::<T>::NotAllotted);
        Self::hand_over(&HoldReason::Pot.into(), &run.owner, &account, due)?;
        run.paid = paid;
        Paid::<T>::insert(id, &account, claim.leaf.cumulative);
        Self::deposit_event(Event::Claimed { run: id, account, amount: due });
        Ok(())
    }

    /// True iff the leaf stands there among the epoch's entitlements.
    pub(crate) fn stands(entry: &EpochOf<T>, claim: &Claim) -> bool {
        let Claim { index, leaf, proof } = claim;
        let tree = Tree { root: entry.root, count: entry.accounts, total: entry.total };
        tree::verify_sum(&tree, *index, (tree::sum_leaf(leaf), leaf.cumulative), proof)
    }

    /// The account with these 32 bytes.
    pub(crate) fn account(bytes: &[u8; 32]) -> Result<T::AccountId, Error<T>> {
        T::AccountId::decode(&mut &bytes[..]).map_err(|_| Error::WrongProof)
    }
}
