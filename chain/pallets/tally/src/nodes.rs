//! Organisations and nodes.

use crate::{checks, pallet::*, types::*, NodeOf};
use frame_support::{dispatch::DispatchResult, ensure};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
    pub(crate) fn ensure_registrar(origin: OriginFor<T>) -> DispatchResult {
        let who = ensure_signed(origin)?;
        ensure!(Self::is_registrar(&who), Error::<T>::NotRegistrar);
        Ok(())
    }

    pub(crate) fn is_registrar(who: &T::AccountId) -> bool {
        Registrar::<T>::get().as_ref() == Some(who)
    }

    pub(crate) fn do_register_organisation(payout: T::AccountId) -> DispatchResult {
        let organisation = NextOrganisation::<T>::get();
        NextOrganisation::<T>::put(checks::successor::<T>(organisation)?);
        Organisations::<T>::insert(
            organisation,
            Organisation { payout: payout.clone(), active: true, since: Self::now_block() },
        );
        Self::deposit_event(Event::OrganisationRegistered { organisation, payout });
        Ok(())
    }

    pub(crate) fn do_suspend_organisation(organisation: OrgId) -> DispatchResult {
        let mut stored = Self::active_organisation(organisation)?;
        stored.active = false;
        stored.since = Self::now_block();
        Organisations::<T>::insert(organisation, stored);
        Self::deposit_event(Event::OrganisationSuspended { organisation });
        Ok(())
    }

    fn active_organisation(id: OrgId) -> Result<Organisation<T::AccountId>, Error<T>> {
        let organisation = Organisations::<T>::get(id).ok_or(Error::UnknownOrganisation)?;
        ensure!(organisation.active, Error::OrganisationSuspended);
        Ok(organisation)
    }

    /// Checks that `key` may become `owner`'s, and that its holder agrees.
    fn ensure_new_key(
        owner: &T::AccountId,
        key: Key,
        proof: &SignatureBytes,
    ) -> Result<(), Error<T>> {
        checks::possession::<T>(Self::chain(), owner.clone().into(), key, proof)?;
        ensure!(!KeyOwner::<T>::contains_key(key), Error::KeyInUse);
        Ok(())
    }

    pub(crate) fn do_register_node(
        owner: T::AccountId,
        organisation: OrgId,
        key: Key,
        proof: &SignatureBytes,
    ) -> DispatchResult {
        Self::active_organisation(organisation)?;
        Self::ensure_new_key(&owner, key, proof)?;
        let node = NextNode::<T>::get();
        NextNode::<T>::put(checks::successor::<T>(node)?);
        let now = Self::now_block();
        KeyOwner::<T>::insert(key, node);
        // the owner revokes key and consents whatever becomes of its balance, and no transaction of
        // its counts twice
        frame_system::Pallet::<T>::inc_sufficients(&owner);
        // an empty epoch: the key is in force at no block until the node is admitted
        let pending = NodeKey { key, cap: 0, from_block: now, until_block: Some(now) };
        NodeKeys::<T>::insert(node, 0, pending);
        Nodes::<T>::insert(
            node,
            Node {
                organisation,
                owner: owner.clone(),
                key_epoch: 0,
                status: NodeStatus::Pending,
                since: now,
            },
        );
        Self::deposit_event(Event::NodeRegistered { node, organisation, owner, key });
        Ok(())
    }

    pub(crate) fn do_admit_node(id: NodeId, cap: u64) -> DispatchResult {
        ensure!(cap > 0, Error::<T>::ZeroCap);
        let (mut node, current) = Self::node_and_key(id)?;
        ensure!(node.status != NodeStatus::Revoked, Error::<T>::NodeRevoked);
        Self::active_organisation(node.organisation)?;
        let now = Self::now_block();
        if node.status == NodeStatus::Pending {
            node.status = NodeStatus::Active;
            node.since = now;
            let admitted = NodeKey { cap, from_block: now, until_block: None, ..current };
            NodeKeys::<T>::insert(id, node.key_epoch, admitted);
        } else {
            ensure!(cap != current.cap, Error::<T>::CapUnchanged);
            let key = current.key;
            Self::next_key_epoch(id, &mut node, current, key, cap)?;
        }
        let key_epoch = node.key_epoch;
        Nodes::<T>::insert(id, node);
        Self::deposit_event(Event::NodeAdmitted { node: id, key_epoch, cap });
        Ok(())
    }

    pub(crate) fn do_rotate_key(
        owner: T::AccountId,
        id: NodeId,
        key: Key,
        proof: &SignatureBytes,
    ) -> DispatchResult {
        let (mut node, current) = Self::node_and_key(id)?;
        ensure!(node.owner == owner, Error::<T>::NotNodeOwner);
        ensure!(node.status != NodeStatus::Pending, Error::<T>::NodePending);
        ensure!(node.status != NodeStatus::Revoked, Error::<T>::NodeRevoked);
        Self::ensure_new_key(&owner, key, proof)?;
        let cap = current.cap;
        Self::next_key_epoch(id, &mut node, current, key, cap)?;
        KeyOwner::<T>::insert(key, id);
        let key_epoch = node.key_epoch;
        Nodes::<T>::insert(id, node);
        Self::deposit_event(Event::KeyRotated { node: id, key_epoch, key });
        Ok(())
    }

    pub(crate) fn do_revoke_node(who: T::AccountId, id: NodeId) -> DispatchResult {
        let (mut node, mut current) = Self::node_and_key(id)?;
        ensure!(node.owner == who || Self::is_registrar(&who), Error::<T>::NotNodeOwner);
        ensure!(node.status != NodeStatus::Revoked, Error::<T>::NodeRevoked);
        let now = Self::now_block();
        // a pending node's epoch has ended already
        current.until_block.get_or_insert(now);
        NodeKeys::<T>::insert(id, node.key_epoch, current);
        node.status = NodeStatus::Revoked;
        node.since = now;
        Nodes::<T>::insert(id, node);
        Self::deposit_event(Event::NodeRevoked { node: id });
        Ok(())
    }

    /// A node and the newest epoch of its key.
    pub(crate) fn node_and_key(id: NodeId) -> Result<(NodeOf<T>, NodeKey), Error<T>> {
        let node = Nodes::<T>::get(id).ok_or(Error::UnknownNode)?;
        let key = NodeKeys::<T>::get(id, node.key_epoch).ok_or(Error::UnknownNode)?;
        Ok((node, key))
    }

    /// Ends `current` and begins the next epoch, both at this block.
    fn next_key_epoch(
        id: NodeId,
        node: &mut NodeOf<T>,
        current: NodeKey,
        key: Key,
        cap: u64,
    ) -> Result<(), DispatchError> {
        let next = checks::successor::<T>(node.key_epoch)?;
        let now = Self::now_block();
        let ended = NodeKey { until_block: Some(now), ..current };
        NodeKeys::<T>::insert(id, node.key_epoch, ended);
        NodeKeys::<T>::insert(id, next, NodeKey { key, cap, from_block: now, until_block: None });
        node.key_epoch = next;
        Ok(())
    }
}
