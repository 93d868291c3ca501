//! What is true of the stored state at every block. Loops over all of it: for tests and
//! try-runtime only.

use crate::{pallet::*, types::*, NodeOf, RunOf};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;
use tally_records::records::{Genesis, Record};

type Checked = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Checks the invariants.
    pub fn check_state() -> Checked {
        Self::check_numbers()?;
        for (id, node) in Nodes::<T>::iter() {
            Self::check_node(id, &node)?;
        }
        for (key, node) in KeyOwner::<T>::iter() {
            let known = NodeKeys::<T>::iter_prefix_values(node).any(|epoch| epoch.key == key);
            ensure!(known, "a key's owner has had this key");
        }
        for (id, run) in Runs::<T>::iter() {
            Self::check_run(id, &run)?;
        }
        Self::check_holds()
    }

    /// As many entries as numbers given out, none of them too high: no gaps.
    fn check_numbers() -> Checked {
        let check = |ids: alloc::vec::Vec<u32>, next: u32| -> Checked {
            ensure!(u32::try_from(ids.len()) == Ok(next), "ids are given out without gaps");
            ensure!(ids.iter().all(|id| *id < next), "no id is ahead of its counter");
            Ok(())
        };
        check(Organisations::<T>::iter_keys().collect(), NextOrganisation::<T>::get())?;
        check(Nodes::<T>::iter_keys().collect(), NextNode::<T>::get())?;
        check(Runs::<T>::iter_keys().collect(), NextRun::<T>::get())?;
        for (run, _) in Rounds::<T>::iter_keys() {
            ensure!(Runs::<T>::contains_key(run), "a round belongs to a run");
        }
        Ok(())
    }

    fn check_node(id: NodeId, node: &NodeOf<T>) -> Checked {
        ensure!(
            Organisations::<T>::contains_key(node.organisation),
            "a node's organisation exists"
        );
        let mut begins = None;
        for epoch in 0..=node.key_epoch {
            let key = NodeKeys::<T>::get(id, epoch).ok_or("key epochs have no gaps")?;
            ensure!(KeyOwner::<T>::get(key.key) == Some(id), "a key belongs to one node");
            ensure!(key.from_block <= Self::now_block(), "no epoch begins in the future");
            ensure!(key.until_block.is_none_or(|end| key.from_block <= end), "epochs go forward");
            if let Some(end) = begins {
                ensure!(end == Some(key.from_block), "an epoch begins where the last one ends");
            }
            begins = Some(key.until_block);
        }
        let epochs = NodeKeys::<T>::iter_prefix(id).count();
        ensure!(u32::try_from(epochs).ok() == node.key_epoch.checked_add(1), "no epoch is ahead");
        let open = begins == Some(None);
        ensure!(
            open == (node.status == NodeStatus::Active),
            "a key is in force iff its node is active"
        );
        Ok(())
    }

    fn check_run(id: RunId, run: &RunOf<T>) -> Checked {
        ensure!(run.paid <= run.allotted && run.allotted <= run.funded, "paid ≤ allotted ≤ funded");
        ensure!(run.min_nodes > 0, "a round needs a node");
        let ascending = run.coordinator_keys.is_sorted_by(|a, b| a.from_round < b.from_round);
        ensure!(ascending, "coordinator keys follow each other");
        let mut head = None;
        let mut last = (0, 0);
        for number in 0..run.next_round {
            let is_void = Self::is_void(id, number);
            let Some(round) = Rounds::<T>::get(id, number) else {
                ensure!(is_void, "a number without a round is void");
                continue;
            };
            let times = (round.at_block, round.committed_at_ms);
            ensure!(last.0 <= times.0 && last.1 <= times.1, "rounds go forward");
            ensure!((round.included == 0) == (round.sum_weight == 0), "weight iff contributions");
            last = times;
            if !is_void {
                head = Some(round.header);
            }
        }
        ensure!(run.last_at_block == last.0, "a run remembers its last block");
        Self::check_head(id, run, head)
    }

    /// The head is the newest committed header; before it, the genesis record of an accepted run.
    fn check_head(id: RunId, run: &RunOf<T>, newest: Option<tally_records::Hash>) -> Checked {
        let genesis =
            Genesis { chain: Self::chain(), run: id, spec: run.spec, model: run.genesis_model };
        let accepted = !run.coordinator_keys.is_empty();
        let first = if accepted { genesis.hash() } else { Default::default() };
        ensure!(run.head == newest.unwrap_or(first), "headers form a chain");
        ensure!(newest.is_some() || run.model == run.genesis_model, "models form a chain");
        let proposed = run.status == RunStatus::Proposed;
        ensure!(!(proposed && accepted), "an accepted run is open");
        ensure!(run.status != RunStatus::Open || accepted, "an open run has a key");
        Ok(())
    }

    /// What runs promise is what their owners have on hold.
    fn check_holds() -> Checked {
        let mut held: BTreeMap<T::AccountId, u128> = BTreeMap::new();
        for run in Runs::<T>::iter_values() {
            let closed = run.status == RunStatus::Closed;
            let pot = if closed { run.allotted } else { run.funded };
            let rest = pot.saturating_sub(run.paid);
            let sum = held.entry(run.owner).or_default();
            *sum = sum.saturating_add(rest);
        }
        for (owner, sum) in held {
            let on_hold = T::Currency::balance_on_hold(&HoldReason::Pot.into(), &owner);
            ensure!(on_hold == sum, "pots are on hold");
        }
        Ok(())
    }
}
