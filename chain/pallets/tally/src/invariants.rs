//! What is true of the stored state at every block. Loops over all of it: for tests and
//! try-runtime only.

use crate::{evidence::*, pallet::*, types::*, NodeOf, RunOf};
use alloc::collections::BTreeMap;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
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
        Self::check_demands()?;
        Self::check_consents()?;
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
        let rounds: BTreeMap<RoundNumber, Round> = Rounds::<T>::iter_prefix(id).collect();
        Self::check_gaps(id, run, &rounds)?;
        let mut head = None;
        let mut last = (0, 0);
        for (number, round) in rounds {
            let times = (round.at_block, round.committed_at_ms);
            ensure!((round.included == 0) == (round.sum_weight == 0), "weight iff contributions");
            if !Self::is_void(id, number) {
                ensure!(last.0 <= times.0 && last.1 <= times.1, "rounds go forward");
                last = times;
                head = Some(round);
            }
        }
        Self::check_voids(id, run)?;
        Self::check_epochs(id, run)?;
        if Pruned::<T>::get(id) > 0 {
            ensure!(run.status == RunStatus::Closed, "rounds of a closed run are pruned");
            return Ok(());
        }
        ensure!(run.last_at_block == last.0, "a run remembers its last block");
        Self::check_head(id, run, head)
    }

    /// A number given out is a round's, void, or pruned, and one that was not is nobody's.
    fn check_gaps(id: RunId, run: &RunOf<T>, rounds: &BTreeMap<RoundNumber, Round>) -> Checked {
        let spans = Voids::<T>::get(id);
        let mut number = Pruned::<T>::get(id);
        ensure!(rounds.keys().all(|n| (number..run.next_round).contains(n)), "no round is ahead");
        while number < run.next_round {
            if rounds.contains_key(&number) {
                number = number.saturating_add(1);
                continue;
            }
            let span = spans.iter().find(|span| (span.from..span.until).contains(&number));
            let span = span.ok_or("a number without a round is void or pruned")?;
            let next = rounds.range(number..span.until).next();
            number = next.map_or(span.until, |(number, _)| *number);
        }
        Ok(())
    }

    /// The head is the newest committed header; before it, the genesis record of an accepted run.
    fn check_head(id: RunId, run: &RunOf<T>, newest: Option<Round>) -> Checked {
        let genesis =
            Genesis { chain: Self::chain(), run: id, spec: run.spec, model: run.genesis_model };
        let accepted = !run.coordinator_keys.is_empty();
        let first = if accepted { genesis.hash() } else { Default::default() };
        let stands_on = match newest {
            Some(round) => (round.header, round.model, round.state),
            None => (first, run.genesis_model, Default::default()),
        };
        ensure!((run.head, run.model, run.state) == stands_on, "headers and models form a chain");
        ensure!(run.status != RunStatus::Open || accepted, "an open run has a key");
        Ok(())
    }

    /// What runs promise, coordinators stake and askers deposit is what they have on hold, and no
    /// more is.
    fn check_holds() -> Checked {
        let deposit = T::Deposit::get();
        let (mut pots, mut bonds, mut deposits) = (Sums::new(), Sums::new(), Sums::new());
        for run in Runs::<T>::iter_values() {
            add(&mut pots, run.owner, run.funded.saturating_sub(run.paid));
            let secured = matches!(run.status, RunStatus::Open | RunStatus::Halted);
            ensure!(secured || run.bond == 0, "a bond is at stake in a running run");
            add(&mut bonds, run.coordinator, run.bond);
        }
        for epoch in Epochs::<T>::iter_values() {
            add(&mut bonds, epoch.settler, epoch.bond);
            if let Some(objector) = epoch.objector {
                add(&mut deposits, objector, deposit);
            }
        }
        for demand in Demands::<T>::iter_values() {
            add(&mut deposits, demand.challenger, deposit);
        }
        for (auditor, _) in Attests::<T>::iter_values().flatten() {
            add(&mut deposits, auditor, deposit);
        }
        for (reason, sums) in
            [(HoldReason::Pot, pots), (HoldReason::Bond, bonds), (HoldReason::Deposit, deposits)]
        {
            for account in frame_system::Account::<T>::iter_keys() {
                let on_hold = T::Currency::balance_on_hold(&reason.into(), &account);
                let sum = sums.get(&account).copied().unwrap_or_default();
                ensure!(on_hold == sum, "what is on hold is what the ledger says");
            }
        }
        Ok(())
    }

    /// Spans go forward, apart from each other, over numbers that were given out.
    fn check_voids(id: RunId, run: &RunOf<T>) -> Checked {
        let spans = Voids::<T>::get(id);
        ensure!(spans.iter().all(|span| span.from < span.until), "a span is not empty");
        let apart = spans.is_sorted_by(|a, b| a.until < b.from);
        ensure!(apart, "spans follow each other with rounds in between");
        ensure!(spans.last().is_none_or(|last| last.until <= run.next_round), "no span is ahead");
        let last_span = spans.len() >= MAX_VOID_SPANS as usize;
        ensure!(!last_span || run.status != RunStatus::Open, "a run with its last span is over");
        Ok(())
    }

    /// Open demands are listed, on rounds that count, of runs that are not closed.
    fn check_demands() -> Checked {
        for ((run, round, demand), _) in Demands::<T>::iter() {
            let listed = OpenDemands::<T>::get(run).contains(&(round, demand));
            ensure!(listed, "an open demand is listed");
            ensure!(demand < NextDemand::<T>::get(run), "a demand has a number given out");
            ensure!(Rounds::<T>::contains_key(run, round), "a demand is on a committed round");
            ensure!(!Self::is_void(run, round), "a demand is on a round that counts");
            let status = Runs::<T>::get(run).map(|run| run.status);
            let running = matches!(status, Some(RunStatus::Open | RunStatus::Halted));
            ensure!(running, "a demand is of a running run");
        }
        for (run, open) in OpenDemands::<T>::iter() {
            for (round, demand) in open {
                let known = Demands::<T>::contains_key((run, round, demand));
                ensure!(known, "a listed demand is open");
            }
        }
        Ok(())
    }

    /// Consents go forward in time, and nothing was revoked before it was given.
    fn check_consents() -> Checked {
        for (run, node, newest) in Consents::<T>::iter() {
            ensure!(Nodes::<T>::contains_key(node), "a consent is a node's");
            ensure!(Runs::<T>::contains_key(run), "a consent is to a run");
            let mut all = PastConsents::<T>::get(run, node).into_inner();
            all.push(newest);
            let forward = all.is_sorted_by(|a, b| a.from_block <= b.from_block);
            ensure!(forward, "consents follow each other");
            let sane = |c: &Consent| c.revoked_at_block.is_none_or(|block| c.from_block <= block);
            ensure!(all.iter().all(sane), "a consent is revoked after it is given");
        }
        Ok(())
    }
}

type Sums<AccountId> = BTreeMap<AccountId, u128>;

fn add<AccountId: Ord>(sums: &mut Sums<AccountId>, account: AccountId, amount: u128) {
    let sum = sums.entry(account).or_default();
    *sum = sum.saturating_add(amount);
}
