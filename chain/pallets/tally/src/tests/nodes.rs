//! Organisations, nodes and their keys.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};

/// y = 1: the neutral element, for which a signature of any message is easily made.
const SMALL_ORDER: Key = {
    let mut key = [0; 32];
    key[0] = 1;
    key
};

fn node_key(node: NodeId, epoch: u32) -> NodeKey {
    NodeKeys::<Test>::get(node, epoch).unwrap()
}

fn status(node: NodeId) -> NodeStatus {
    Nodes::<Test>::get(node).unwrap().status
}

#[test]
fn genesis_sets_registrar_instance_and_kind_of_chain() {
    in_new_state(|| {
        assert_eq!(Registrar::<Test>::get(), Some(REGISTRAR));
        assert!(Embedded::<Test>::get());
        assert_eq!(Tally::instance(), [7; 32]);
        assert_eq!(
            <Tally as frame_support::traits::GetStorageVersion>::on_chain_storage_version(),
            3
        );
    });
}

#[test]
fn the_registrar_registers_and_suspends_organisations() {
    in_new_state(|| {
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
        System::assert_last_event(
            Event::OrganisationRegistered { organisation: 0, payout: HOSPITAL }.into(),
        );
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), STRANGER));
        assert_eq!(
            Organisations::<Test>::get(1),
            Some(Organisation { payout: STRANGER, active: true, since: BLOCK })
        );
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 1));
        System::assert_last_event(Event::OrganisationSuspended { organisation: 1 }.into());
        assert!(!Organisations::<Test>::get(1).unwrap().active);
        assert!(Organisations::<Test>::get(0).unwrap().active);
    });
}

#[test]
fn the_council_does_what_the_registrar_does_and_names_another() {
    in_new_state(|| {
        assert_ok!(Tally::register_organisation(signed(COUNCIL), HOSPITAL));
        for who in [REGISTRAR, STRANGER] {
            let set = Tally::set_registrar(signed(who), STRANGER);
            assert_eq!(set, Err(sp_runtime::DispatchError::BadOrigin));
        }
        assert_ok!(Tally::set_registrar(signed(COUNCIL), STRANGER));
        System::assert_last_event(Event::RegistrarSet { registrar: STRANGER }.into());
        assert_noop!(
            Tally::register_organisation(signed(REGISTRAR), HOSPITAL),
            Error::<Test>::NotRegistrar
        );
        assert_ok!(Tally::register_organisation(signed(STRANGER), HOSPITAL));
    });
}

#[test]
fn organisations_are_refused() {
    in_new_state(|| {
        let refused = Tally::register_organisation(signed(STRANGER), HOSPITAL);
        assert_noop!(refused, Error::<Test>::NotRegistrar);
        assert_noop!(
            Tally::register_organisation(RuntimeOrigin::root(), HOSPITAL),
            sp_runtime::DispatchError::BadOrigin
        );
        assert_noop!(
            Tally::suspend_organisation(signed(REGISTRAR), 0),
            Error::<Test>::UnknownOrganisation
        );
        with_node();
        assert_noop!(Tally::suspend_organisation(signed(HOSPITAL), 0), Error::<Test>::NotRegistrar);
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 0));
        assert_noop!(
            Tally::suspend_organisation(signed(REGISTRAR), 0),
            Error::<Test>::OrganisationSuspended
        );
    });
}

#[test]
fn a_chain_without_a_registrar_registers_nobody() {
    in_new_state(|| {
        Registrar::<Test>::kill();
        assert_noop!(
            Tally::register_organisation(signed(REGISTRAR), HOSPITAL),
            Error::<Test>::NotRegistrar
        );
    });
}

#[test]
fn a_registered_node_is_pending_and_its_key_in_force_at_no_block() {
    in_new_state(|| {
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
        assert_ok!(Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)));
        System::assert_last_event(
            Event::NodeRegistered { node: 0, organisation: 0, owner: HOSPITAL, key: key(10) }
                .into(),
        );
        let want = Node {
            organisation: 0,
            owner: HOSPITAL,
            key_epoch: 0,
            status: NodeStatus::Pending,
            since: BLOCK,
        };
        assert_eq!(Nodes::<Test>::get(0), Some(want));
        let empty = NodeKey { key: key(10), cap: 0, from_block: BLOCK, until_block: Some(BLOCK) };
        assert_eq!(node_key(0, 0), empty);
        assert_eq!(KeyOwner::<Test>::get(key(10)), Some(0));
        assert!(Tally::members(0, 10).is_empty());
    });
}

#[test]
fn registrations_are_refused() {
    in_new_state(|| {
        let register = |organisation, key, proof| {
            Tally::register_node(signed(HOSPITAL), organisation, key, proof)
        };
        let good = proof(HOSPITAL, 11);
        assert_noop!(register(0, key(11), good), Error::<Test>::UnknownOrganisation);
        with_node();
        assert_noop!(register(0, SMALL_ORDER, good), Error::<Test>::KeyNotAdmissible);
        assert_noop!(register(0, [0xff; 32], good), Error::<Test>::KeyNotAdmissible);
        assert_noop!(register(0, key(10), proof(HOSPITAL, 10)), Error::<Test>::KeyInUse);
        // by another key, for another account, over another chain
        let bad = Error::<Test>::BadProof;
        assert_noop!(register(0, key(11), proof(HOSPITAL, 12)), bad);
        let bad = Error::<Test>::BadProof;
        assert_noop!(register(0, key(11), proof(STRANGER, 11)), bad);
        frame_system::BlockHash::<Test>::insert(0, sp_core::H256([8; 32]));
        assert_noop!(register(0, key(11), good), Error::<Test>::BadProof);
        frame_system::BlockHash::<Test>::insert(0, sp_core::H256(CHAIN));
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 0));
        assert_noop!(register(0, key(11), good), Error::<Test>::OrganisationSuspended);
    });
}

#[test]
fn an_admitted_node_is_a_member_from_that_block() {
    in_new_state(|| {
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
        assert_ok!(Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)));
        move_to(BLOCK + 5, NOW_MS);
        assert_ok!(Tally::admit_node(signed(REGISTRAR), 0, 77));
        System::assert_last_event(Event::NodeAdmitted { node: 0, key_epoch: 0, cap: 77 }.into());
        let want = NodeKey { key: key(10), cap: 77, from_block: BLOCK + 5, until_block: None };
        assert_eq!(node_key(0, 0), want);
        assert_eq!(Nodes::<Test>::get(0).unwrap().since, BLOCK + 5);
        let member = Member { node: 0, key_epoch: 0, key: key(10), cap: 77, organisation: 0 };
        assert_eq!(Tally::members(0, 10), vec![member]);
    });
}

#[test]
fn a_new_cap_is_a_new_key_epoch_with_the_same_key() {
    in_new_state(|| {
        with_node();
        move_to(BLOCK + 5, NOW_MS);
        assert_ok!(Tally::admit_node(signed(REGISTRAR), 0, 200));
        System::assert_last_event(Event::NodeAdmitted { node: 0, key_epoch: 1, cap: 200 }.into());
        assert_eq!(node_key(0, 0).until_block, Some(BLOCK + 5));
        assert_eq!(node_key(0, 0).cap, 100);
        let want = NodeKey { key: key(10), cap: 200, from_block: BLOCK + 5, until_block: None };
        assert_eq!(node_key(0, 1), want);
        // status did not change
        assert_eq!(Nodes::<Test>::get(0).unwrap().since, BLOCK);
    });
}

#[test]
fn admissions_are_refused() {
    in_new_state(|| {
        let admit = |who, cap| Tally::admit_node(signed(who), 0, cap);
        assert_noop!(admit(REGISTRAR, 1), Error::<Test>::UnknownNode);
        with_node();
        assert_noop!(admit(HOSPITAL, 1), Error::<Test>::NotRegistrar);
        assert_noop!(admit(REGISTRAR, 0), Error::<Test>::ZeroCap);
        assert_noop!(admit(REGISTRAR, 100), Error::<Test>::CapUnchanged);
        Nodes::<Test>::mutate(0, |n| n.as_mut().unwrap().key_epoch = u32::MAX);
        NodeKeys::<Test>::insert(0, u32::MAX, node_key(0, 0));
        assert_noop!(admit(REGISTRAR, 1), Error::<Test>::NumbersUsedUp);
        NodeKeys::<Test>::remove(0, u32::MAX);
        Nodes::<Test>::mutate(0, |n| n.as_mut().unwrap().key_epoch = 0);
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 0));
        assert_noop!(admit(REGISTRAR, 1), Error::<Test>::OrganisationSuspended);
        assert_ok!(Tally::revoke_node(signed(REGISTRAR), 0));
        assert_noop!(admit(REGISTRAR, 1), Error::<Test>::NodeRevoked);
    });
}

#[test]
fn a_rotated_key_is_in_force_from_that_block() {
    in_new_state(|| {
        with_node();
        move_to(BLOCK + 7, NOW_MS);
        assert_ok!(Tally::rotate_key(signed(HOSPITAL), 0, key(11), proof(HOSPITAL, 11)));
        System::assert_last_event(Event::KeyRotated { node: 0, key_epoch: 1, key: key(11) }.into());
        assert_eq!(node_key(0, 0).until_block, Some(BLOCK + 7));
        let want = NodeKey { key: key(11), cap: 100, from_block: BLOCK + 7, until_block: None };
        assert_eq!(node_key(0, 1), want);
        assert_eq!(KeyOwner::<Test>::get(key(11)), Some(0));
        // the old key stays this node's, for ever
        assert_noop!(
            Tally::rotate_key(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)),
            Error::<Test>::KeyInUse
        );
    });
}

#[test]
fn rotations_are_refused() {
    in_new_state(|| {
        let rotate = |who, seed, proof| Tally::rotate_key(signed(who), 0, key(seed), proof);
        let good = proof(HOSPITAL, 11);
        assert_noop!(rotate(HOSPITAL, 11, good), Error::<Test>::UnknownNode);
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
        assert_ok!(Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)));
        assert_noop!(rotate(HOSPITAL, 11, good), Error::<Test>::NodePending);
        assert_ok!(Tally::admit_node(signed(REGISTRAR), 0, 1));
        assert_noop!(rotate(REGISTRAR, 11, proof(REGISTRAR, 11)), Error::<Test>::NotNodeOwner);
        assert_noop!(rotate(HOSPITAL, 11, proof(STRANGER, 11)), Error::<Test>::BadProof);
        assert_noop!(
            Tally::rotate_key(signed(HOSPITAL), 0, SMALL_ORDER, good),
            Error::<Test>::KeyNotAdmissible
        );
        assert_ok!(Tally::revoke_node(signed(HOSPITAL), 0));
        assert_noop!(rotate(HOSPITAL, 11, good), Error::<Test>::NodeRevoked);
    });
}

#[test]
fn owner_and_registrar_revoke_for_ever() {
    in_new_state(|| {
        assert_noop!(Tally::revoke_node(signed(HOSPITAL), 0), Error::<Test>::UnknownNode);
        with_node();
        assert_noop!(Tally::revoke_node(signed(STRANGER), 0), Error::<Test>::NotNodeOwner);
        move_to(BLOCK + 3, NOW_MS);
        assert_ok!(Tally::revoke_node(signed(HOSPITAL), 0));
        System::assert_last_event(Event::NodeRevoked { node: 0 }.into());
        assert_eq!(node_key(0, 0).until_block, Some(BLOCK + 3));
        assert_eq!(status(0), NodeStatus::Revoked);
        assert_eq!(Nodes::<Test>::get(0).unwrap().since, BLOCK + 3);
        assert!(Tally::members(0, 10).is_empty());
        assert_noop!(Tally::revoke_node(signed(REGISTRAR), 0), Error::<Test>::NodeRevoked);
        // neither the key nor the number comes back
        let register = Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10));
        assert_noop!(register, Error::<Test>::KeyInUse);
    });
}

#[test]
fn revoking_a_pending_node_does_not_put_its_key_in_force() {
    in_new_state(|| {
        assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
        assert_ok!(Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)));
        move_to(BLOCK + 3, NOW_MS);
        assert_ok!(Tally::revoke_node(signed(REGISTRAR), 0));
        assert_eq!(node_key(0, 0).from_block, BLOCK);
        assert_eq!(node_key(0, 0).until_block, Some(BLOCK));
    });
}

#[test]
fn members_are_active_nodes_of_active_organisations_by_id() {
    in_new_state(|| {
        for organisation in 0..3 {
            assert_ok!(Tally::register_organisation(signed(REGISTRAR), HOSPITAL));
            let seed = 10 + organisation as u8;
            let proof = proof(HOSPITAL, seed);
            assert_ok!(Tally::register_node(signed(HOSPITAL), organisation, key(seed), proof));
            assert_ok!(Tally::admit_node(signed(REGISTRAR), organisation, 5));
        }
        let ids =
            |from, limit| Tally::members(from, limit).iter().map(|m| m.node).collect::<Vec<_>>();
        assert_eq!(ids(0, 1_024), vec![0, 1, 2]);
        assert_eq!(ids(1, 1), vec![1]);
        assert_eq!(ids(0, 0), Vec::<u32>::new());
        assert_eq!(ids(3, u32::MAX), Vec::<u32>::new());
        assert_ok!(Tally::suspend_organisation(signed(REGISTRAR), 1));
        assert_eq!(ids(0, u32::MAX), vec![0, 2]);
        let view = Tally::node_view(1).unwrap();
        assert!(!view.organisation_active);
        assert_eq!(view.status, NodeStatus::Active);
        assert_eq!((view.organisation, view.owner), (1, HOSPITAL));
        assert_eq!((view.key_epoch, view.key, view.cap), (0, key(11), 5));
        assert_eq!(Tally::node_view(3), None);
    });
}

#[test]
fn a_page_of_members_looks_at_1024_ids() {
    in_new_state(|| {
        with_node();
        let (node, node_key) = (Nodes::<Test>::get(0).unwrap(), node_key(0, 0));
        for id in 1..1_030 {
            Nodes::<Test>::insert(id, node.clone());
            NodeKeys::<Test>::insert(id, 0, node_key.clone());
        }
        NextNode::<Test>::put(1_030);
        assert_eq!(Tally::members(0, u32::MAX).len(), 1_024);
        assert_eq!(Tally::members(1_024, u32::MAX).len(), 6);
        let _ = Nodes::<Test>::clear(u32::MAX, None);
        let _ = NodeKeys::<Test>::clear(u32::MAX, None);
        Nodes::<Test>::insert(0, node);
        NodeKeys::<Test>::insert(0, 0, node_key);
        NextNode::<Test>::put(1);
    });
}

#[test]
fn numbers_end() {
    in_new_state(|| {
        with_node();
        let (organisations, nodes) = (NextOrganisation::<Test>::get(), NextNode::<Test>::get());
        NextOrganisation::<Test>::put(u32::MAX);
        NextNode::<Test>::put(u32::MAX);
        assert_noop!(
            Tally::register_organisation(signed(REGISTRAR), HOSPITAL),
            Error::<Test>::NumbersUsedUp
        );
        assert_noop!(
            Tally::register_node(signed(HOSPITAL), 0, key(11), proof(HOSPITAL, 11)),
            Error::<Test>::NumbersUsedUp
        );
        NextOrganisation::<Test>::put(organisations);
        NextNode::<Test>::put(nodes);
    });
}
