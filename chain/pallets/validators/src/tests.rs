#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use crate::{mock::*, Error, Event, Next};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use frame_system::RawOrigin;
use sp_core::H256;
use sp_runtime::{traits::BadOrigin, traits::OpaqueKeys};

fn set(validators: &[u64]) -> sp_runtime::DispatchResult {
    let validators = BoundedVec::try_from(validators.to_vec()).unwrap();
    Validators::set_validators(RawOrigin::Root.into(), validators)
}

#[test]
fn the_genesis_names_the_first_validators() {
    new_test_ext().execute_with(|| {
        assert_eq!(pallet_session::Validators::<Test>::get(), [1, 2]);
        assert_eq!(Told::get(), [101, 102]);
        assert_eq!(Keys::key_ids(), &[KEY_TYPE]);
    });
}

#[test]
fn without_a_decision_sessions_change_nothing() {
    new_test_ext().execute_with(|| {
        run_to(50);
        assert_eq!(Session::current_index(), 10);
        assert_eq!(pallet_session::Validators::<Test>::get(), [1, 2]);
    });
}

#[test]
fn a_new_list_is_in_force_two_sessions_later_and_not_before() {
    new_test_ext().execute_with(|| {
        assert_ok!(set(&[3, 1]));
        System::assert_last_event(Event::ValidatorsSet { validators: vec![3, 1] }.into());
        run_to(9);
        assert_eq!(Told::get(), [101, 102]);
        assert_eq!(Next::<Test>::get(), None);
        run_to(10);
        assert_eq!(Told::get(), [103, 101]);
        assert_eq!(pallet_session::Validators::<Test>::get(), [3, 1]);
        run_to(50);
        assert_eq!(pallet_session::Validators::<Test>::get(), [3, 1]);
    });
}

#[test]
fn the_last_decision_before_a_session_counts() {
    new_test_ext().execute_with(|| {
        assert_ok!(set(&[3]));
        assert_ok!(set(&[2]));
        run_to(10);
        assert_eq!(Told::get(), [102]);
    });
}

#[test]
fn lists_that_cannot_keep_a_chain_are_refused() {
    new_test_ext().execute_with(|| {
        assert_noop!(set(&[]), Error::<Test>::NoValidators);
        assert_noop!(set(&[1, 2, 1]), Error::<Test>::Duplicate);
        assert_noop!(set(&[1, 4]), Error::<Test>::NoKeys);
    });
}

#[test]
fn nobody_but_the_council_decides() {
    new_test_ext().execute_with(|| {
        let one = || BoundedVec::try_from(vec![1]).unwrap();
        for origin in [RawOrigin::Signed(1), RawOrigin::None] {
            assert_noop!(Validators::set_validators(origin.clone().into(), one()), BadOrigin);
            assert_noop!(Validators::authorize_upgrade(origin.into(), H256::zero()), BadOrigin);
        }
    });
}

#[test]
fn an_upgrade_is_authorised_by_its_hash_with_a_check_of_name_and_version() {
    new_test_ext().execute_with(|| {
        let code_hash = H256::repeat_byte(7);
        assert_ok!(Validators::authorize_upgrade(RawOrigin::Root.into(), code_hash));
        System::assert_last_event(
            frame_system::Event::UpgradeAuthorized { code_hash, check_version: true }.into(),
        );
    });
}
