//! Disputes about entitlements: an account that lost some, one that got another share than its
//! own, and a tree out of order.

use crate::{demands::is_contribution, evidence::*, pallet::*, types::*, EpochOf, RunOf};
use alloc::collections::BTreeSet;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};
use tally_records::records::Entitle;

/// What is known of an epoch from the contributions that are shown.
struct Shown<AccountId> {
    /// All weight of the epoch.
    all: u64,
    /// The account's part of it.
    own: u64,
    /// Weight that is not shown: anybody's.
    unseen: u64,
    /// The accounts that took part.
    payees: BTreeSet<AccountId>,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn dispute_order(
        challenger: &T::AccountId,
        (id, number): (RunId, u32),
        first: &Claim,
        second: &Claim,
    ) -> DispatchResult {
        let (run, entry) = Self::disputable(id, number)?;
        ensure!(
            Self::stands(&entry, first) && Self::stands(&entry, second),
            Error::<T>::WrongProof
        );
        let are_neighbours = first.index.checked_add(1) == Some(second.index);
        let are_disordered = first.leaf.account >= second.leaf.account;
        ensure!(are_neighbours && are_disordered, Error::<T>::FaultNotProven);
        Self::void_epoch(id, run, number, challenger)
    }

    pub(crate) fn dispute_share(challenger: &T::AccountId, fault: &ShareFault) -> DispatchResult {
        let (id, number) = (fault.run, fault.epoch);
        let (run, entry) = Self::disputable(id, number)?;
        let previous = Self::epoch_before(id, number);
        let after = Self::entitlement(&entry, &fault.account, &fault.after)?;
        let before = match &previous {
            Some(previous) => Self::entitlement(previous, &fault.account, &fault.before)?,
            None => 0,
        };
        let is_wrong = match after.checked_sub(before) {
            None => true,
            Some(increase) => Self::is_wrong_share(&run, previous, &entry, fault, increase)?,
        };
        ensure!(is_wrong, Error::<T>::FaultNotProven);
        Self::void_epoch(id, run, number, challenger)
    }

    /// The run and the epoch, if it counts and its window is open.
    fn disputable(id: RunId, number: u32) -> Result<(RunOf<T>, EpochOf<T>), Error<T>> {
        let run = Self::existing_run(id)?;
        let entry = Self::existing_epoch(id, &run, number)?;
        ensure!(Self::is_epoch_in_window(&run, &entry), Error::EpochIsFinal);
        Ok((run, entry))
    }

    /// What the account is entitled to in this epoch's tree, as proved.
    fn entitlement(
        entry: &EpochOf<T>,
        account: &[u8; 32],
        standing: &Standing,
    ) -> Result<u128, Error<T>> {
        match standing {
            Standing::Entitled { index, cumulative, proof } => {
                let leaf = Entitle { account: *account, cumulative: *cumulative };
                let claim = Claim { index: *index, leaf, proof: proof.clone() };
                ensure!(Self::stands(entry, &claim), Error::WrongProof);
                Ok(*cumulative)
            }
            Standing::Absent { left, right } => {
                let is_absent = Self::is_between(entry, account, left.as_ref(), right.as_ref());
                ensure!(is_absent, Error::WrongProof);
                Ok(0)
            }
        }
    }

    /// True iff the two stand beside each other, or at an edge, with the account between them.
    fn is_between(
        entry: &EpochOf<T>,
        account: &[u8; 32],
        left: Option<&Claim>,
        right: Option<&Claim>,
    ) -> bool {
        let stand = left.iter().chain(right.iter()).all(|claim| Self::stands(entry, claim));
        let is_ordered = left.is_none_or(|left| left.leaf.account < *account)
            && right.is_none_or(|right| *account < right.leaf.account);
        let after_left = left.map_or(Some(0), |left| left.index.checked_add(1));
        let at_right = right.map_or(entry.accounts, |right| right.index);
        stand && is_ordered && after_left == Some(at_right)
    }

    /// True iff no way of counting what is not shown makes `increase` the account's share. Decided
    /// for shares by weight (⌊B·x/X⌋ or one more) and alike to everyone (⌊B/n⌋ or one more).
    fn is_wrong_share(
        run: &RunOf<T>,
        previous: Option<EpochOf<T>>,
        entry: &EpochOf<T>,
        fault: &ShareFault,
        increase: u128,
    ) -> Result<bool, Error<T>> {
        if fault.shown.is_empty() {
            return Ok(false);
        }
        let (weight, total) =
            previous.map_or((0, 0), |previous| (previous.counted_weight, previous.total));
        let budget = entry.total.saturating_sub(total);
        let all = entry.counted_weight.saturating_sub(weight);
        ensure!(run.payout.cap_ppm == PPM, Error::ShareNotDecidable);
        let shown = Self::look(all, entry, fault)?;
        let (least, most) = match run.payout.policy {
            PayoutPolicy::Weight => shown.bounds_by_weight(budget),
            PayoutPolicy::Equal => shown.bounds_alike(budget),
            PayoutPolicy::Contribution => return Err(Error::ShareNotDecidable),
        };
        Ok(increase < least || most < increase)
    }

    /// Checks the shown contributions and adds them up.
    fn look(
        all: u64,
        entry: &EpochOf<T>,
        fault: &ShareFault,
    ) -> Result<Shown<T::AccountId>, Error<T>> {
        let mut shown = Shown { all, own: 0, unseen: all, payees: BTreeSet::new() };
        let places = fault.shown.iter().map(|leaf| (leaf.round, leaf.index));
        let is_ascending = places.clone().zip(places.skip(1)).all(|(a, b)| a < b);
        ensure!(is_ascending, Error::WrongShownLeaf);
        let account = Self::account(&fault.account)?;
        for leaf in &fault.shown {
            let payee = Self::payee_of(entry, fault.run, leaf)?;
            let weight = leaf.leaf.weight;
            shown.unseen = shown.unseen.saturating_sub(weight);
            if payee == account {
                shown.own = shown.own.saturating_add(weight);
            }
            shown.payees.insert(payee);
        }
        Ok(shown)
    }

    /// The account that a contribution to the epoch is paid on.
    fn payee_of(
        entry: &EpochOf<T>,
        run: RunId,
        shown: &ShownLeaf,
    ) -> Result<T::AccountId, Error<T>> {
        let is_covered = (entry.first_round..=entry.last_round).contains(&shown.round);
        ensure!(is_covered && !Self::is_void(run, shown.round), Error::WrongShownLeaf);
        let round = Rounds::<T>::get(run, shown.round).ok_or(Error::WrongShownLeaf)?;
        let is_there = is_contribution(&round, shown.index, &shown.leaf, &shown.proof);
        ensure!(is_there, Error::WrongShownLeaf);
        let node = Nodes::<T>::get(shown.leaf.node).ok_or(Error::WrongShownLeaf)?;
        let organisation = Organisations::<T>::get(node.organisation);
        Ok(organisation.ok_or(Error::WrongShownLeaf)?.payout)
    }
}

impl<AccountId> Shown<AccountId> {
    /// The least and the most that the account may get when weights are shares.
    fn bounds_by_weight(&self, budget: u128) -> (u128, u128) {
        let most = self.own.saturating_add(self.unseen);
        (part(budget, self.own, self.all), ceiling(part(budget, most, self.all), most > 0))
    }

    /// The same when everyone who took part gets alike: whoever is not shown contributed at least
    /// a weight of 1.
    fn bounds_alike(&self, budget: u128) -> (u128, u128) {
        let took_part = self.own > 0;
        let fewest = u64::try_from(self.payees.len()).unwrap_or(u64::MAX);
        let fewest = fewest.saturating_add(u64::from(!took_part));
        let most = fewest.saturating_add(self.unseen);
        let least = if took_part { part(budget, 1, most) } else { 0 };
        (least, ceiling(part(budget, 1, fewest), took_part || self.unseen > 0))
    }
}

/// ⌊budget · x ÷ all⌋.
fn part(budget: u128, x: u64, all: u64) -> u128 {
    let part =
        multiply_by_rational_with_rounding(budget, x.into(), all.max(1).into(), Rounding::Down);
    part.unwrap_or(u128::MAX)
}

/// One more than the floor may be the remainder's; who has no share gets nothing.
fn ceiling(floor: u128, has_share: bool) -> u128 {
    if has_share {
        floor.saturating_add(1)
    } else {
        0
    }
}
