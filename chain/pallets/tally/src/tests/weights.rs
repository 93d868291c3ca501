//! The largest call of each kind fits into half of a block.

use crate::{weights::WeightInfo, *};
use frame_support::weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight};

#[test]
fn every_call_fits_into_half_a_block() {
    // the runtime's block: 2 s
    let half = WEIGHT_REF_TIME_PER_SECOND;
    type W = ();
    let weights: [(&str, Weight); 26] = [
        ("register_organisation", W::register_organisation()),
        ("suspend_organisation", W::suspend_organisation()),
        ("register_node", W::register_node()),
        ("admit_node", W::admit_node()),
        ("rotate_key", W::rotate_key()),
        ("revoke_node", W::revoke_node()),
        ("create_run", W::create_run()),
        ("accept_run", W::accept_run()),
        ("commit_round", W::commit_round()),
        ("close_run", W::close_run()),
        ("grant_consent", W::grant_consent()),
        ("revoke_consent", W::revoke_consent()),
        ("demand", W::demand()),
        ("answer", W::answer()),
        ("dispute", W::dispute(MAX_SHOWN_LEAVES)),
        ("settle_epoch", W::settle_epoch()),
        ("claim", W::claim()),
        ("claim_many", W::claim_many(MAX_CLAIMS)),
        ("object", W::object()),
        ("resolve", W::resolve()),
        ("attest", W::attest()),
        ("halt", W::halt()),
        ("replace_coordinator", W::replace_coordinator()),
        ("replace_coordinator_key", W::replace_coordinator_key()),
        ("prune", W::prune(u32::MAX)),
        ("graduate", W::graduate()),
    ];
    for (name, weight) in weights {
        assert!(weight.ref_time() > 0 && weight.ref_time() <= half, "{name}: {weight:?}");
    }
}

#[test]
fn more_work_weighs_more() {
    assert!(<()>::claim_many(2).all_gt(<()>::claim_many(1)));
    assert!(<()>::dispute(2).all_gt(<()>::dispute(1)));
    assert!(<()>::prune(2).all_gt(<()>::prune(1)));
    // what is beyond the limit is not looked at
    assert_eq!(<()>::prune(MAX_PRUNED_ROUNDS), <()>::prune(u32::MAX));
}
