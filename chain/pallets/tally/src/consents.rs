//! Consents: what a node's owner agrees to, and whether it covered a task.

use crate::{evidence::*, pallet::*, types::*};
use frame_support::{dispatch::DispatchResult, ensure, BoundedVec};

/// When a contribution is judged.
pub(crate) struct Occasion {
    /// The round that counts it.
    pub round: RoundNumber,
    /// Its task's block.
    pub at_block: u32,
    /// Its closing time.
    pub at_ms: u64,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_grant_consent(
        who: T::AccountId,
        id: RunId,
        node: NodeId,
        terms: ConsentTerms,
    ) -> DispatchResult {
        Self::ensure_may_consent(&who, id, node)?;
        ensure!(terms.from_round <= terms.until_round, Error::<T>::NoRounds);
        ensure!(!terms.purposes.is_empty(), Error::<T>::NoPurpose);
        let ConsentTerms { from_round, until_round, until_ms, purposes, policy } = terms;
        let from_block = Self::now_block();
        let consent = Consent {
            from_round,
            until_round,
            until_ms,
            purposes,
            policy,
            from_block,
            revoked_at_block: None,
        };
        Self::put_consent(id, node, consent)?;
        Self::deposit_event(Event::ConsentGranted { run: id, node });
        Ok(())
    }

    pub(crate) fn do_revoke_consent(who: T::AccountId, id: RunId, node: NodeId) -> DispatchResult {
        Self::ensure_may_consent(&who, id, node)?;
        let now = Self::now_block();
        match Consents::<T>::get(id, node) {
            Some(mut consent) => {
                ensure!(consent.revoked_at_block.is_none(), Error::<T>::ConsentRevoked);
                consent.revoked_at_block = Some(now);
                Consents::<T>::insert(id, node, consent);
            }
            None => Self::put_consent(id, node, Self::refusal(now))?,
        }
        Self::deposit_event(Event::ConsentRevoked { run: id, node });
        Ok(())
    }

    /// The entry of a node that takes no part in a run that did not ask.
    fn refusal(now: u32) -> Consent {
        Consent {
            from_round: 0,
            until_round: 0,
            until_ms: 0,
            purposes: BoundedVec::new(),
            policy: Default::default(),
            from_block: now,
            revoked_at_block: Some(now),
        }
    }

    fn ensure_may_consent(who: &T::AccountId, run: RunId, id: NodeId) -> DispatchResult {
        let node = Nodes::<T>::get(id).ok_or(Error::<T>::UnknownNode)?;
        ensure!(node.owner == *who, Error::<T>::NotNodeOwner);
        let run = Self::existing_run(run)?;
        ensure!(run.status != RunStatus::Closed, Error::<T>::RunClosed);
        Ok(())
    }

    /// Keeps the consent before it: tasks of its time are judged by it.
    fn put_consent(run: RunId, node: NodeId, consent: Consent) -> DispatchResult {
        if let Some(past) = Consents::<T>::get(run, node) {
            let pushed =
                PastConsents::<T>::try_mutate(run, node, |consents| consents.try_push(past));
            pushed.map_err(|_| Error::<T>::TooManyConsents)?;
        }
        Consents::<T>::insert(run, node, consent);
        Ok(())
    }

    /// The consent in force at a block: the newest that was given by then.
    pub(crate) fn consent_at(run: RunId, node: NodeId, at_block: u32) -> Option<Consent> {
        let newest = Consents::<T>::get(run, node)?;
        if newest.from_block <= at_block {
            return Some(newest);
        }
        let past = PastConsents::<T>::get(run, node);
        past.into_iter().rev().find(|consent| consent.from_block <= at_block)
    }
}

/// True iff the consent that was in force, if any, covers the occasion.
pub(crate) fn covers<AccountId>(
    run: &Run<AccountId>,
    consent: Option<&Consent>,
    at: &Occasion,
) -> bool {
    let Some(consent) = consent else { return !run.consent_required };
    consent.from_block <= at.at_block
        && consent.revoked_at_block.is_none_or(|block| at.at_block < block)
        && (consent.from_round..=consent.until_round).contains(&at.round)
        && at.at_ms <= consent.until_ms
        && consent.purposes.contains(&run.purpose)
}
