//! What is true of epochs and of what is paid by them. Loops over all of it, as `invariants.rs`.

use crate::{evidence::*, pallet::*, types::*, EpochOf, RunOf};
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

type Checked = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Epochs that count follow each other and add up; the run stands on the newest.
    pub(crate) fn check_epochs(id: RunId, run: &RunOf<T>) -> Checked {
        let mut newest: Option<EpochOf<T>> = None;
        for number in 0..run.epoch {
            let entry = Epochs::<T>::get(id, number).ok_or("epochs have no gaps")?;
            Self::check_follows(run, newest.as_ref(), &entry)?;
            let is_newest = number.checked_add(1) == Some(run.epoch);
            ensure!(is_newest || entry.bond == 0, "only for the newest epoch a settler is bound");
            newest = Some(entry);
        }
        let stands_on = newest.as_ref().map_or((Default::default(), 0, 0, 0), |entry| {
            let next = entry.last_round.saturating_add(1);
            (entry.record, entry.total, next, entry.counted_rounds)
        });
        let found = (run.epoch_head, run.allotted, run.settled_rounds);
        ensure!(found == (stands_on.0, stands_on.1, stands_on.2), "a run stands on its epochs");
        ensure!(run.counted_rounds >= stands_on.3, "settled rounds are final");
        let epochs = || Epochs::<T>::iter_prefix(id);
        let dead = epochs().filter(|(number, _)| *number >= run.epoch).all(|(_, e)| e.bond == 0);
        ensure!(dead, "nobody is bound by an epoch that does not count");
        let objections = epochs().filter(|(_, entry)| entry.objector.is_some()).count();
        ensure!(u32::try_from(objections) == Ok(run.objections), "open objections are counted");
        let paid =
            Paid::<T>::iter_prefix_values(id).fold(0u128, |sum, one| sum.saturating_add(one));
        ensure!(paid == run.paid, "what a run paid is what accounts got");
        Ok(())
    }

    fn check_follows(run: &RunOf<T>, before: Option<&EpochOf<T>>, entry: &EpochOf<T>) -> Checked {
        ensure!(entry.status != EpochStatus::Void, "an epoch that counts is not void");
        let is_objected = entry.status == EpochStatus::Objected;
        ensure!(is_objected == entry.objector.is_some(), "an objection is somebody's");
        let (first, counted, total, at_ms) = before.map_or((0, 0, 0, 0), |before| {
            let next = before.last_round.saturating_add(1);
            (next, before.counted_rounds, before.total, before.settled_at_ms)
        });
        ensure!(entry.first_round == first && first <= entry.last_round, "epochs have no gaps");
        let rounds = entry.counted_rounds.checked_sub(counted).ok_or("epochs go forward")?;
        ensure!((1..=run.payout.epoch_rounds).contains(&rounds), "an epoch has its length");
        let pays = entry.total.checked_sub(total).ok_or("entitlements never decrease")?;
        ensure!(pays <= run.payout.epoch_budget, "an epoch pays its budget at most");
        ensure!(at_ms <= entry.settled_at_ms, "epochs go forward");
        ensure!((entry.accounts == 0) == (entry.root == [0; 32]), "a root iff entitlements");
        Ok(())
    }
}
