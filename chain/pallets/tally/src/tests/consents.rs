//! Consents, and the rule by which a contribution is judged.

use crate::{consents::*, federation::*, mock::*, *};
use frame_support::{assert_noop, assert_ok};

/// What the federation's sites agree to.
fn terms() -> ConsentTerms {
    ConsentTerms {
        from_round: 0,
        until_round: 9,
        until_ms: NOW_MS + 1_000_000,
        purposes: vec![6, 7].try_into().unwrap(),
        policy: [0x70; 32],
    }
}

fn grant(node: NodeId, terms: ConsentTerms) -> frame_support::dispatch::DispatchResult {
    Tally::grant_consent(signed(HOSPITAL), 0, node, terms)
}

const REQUIRED: RunTerms = RunTerms { consent_required: true, ..TERMS };

#[test]
fn an_owner_grants_and_revokes() {
    in_new_state(|| {
        with_federation();
        assert_ok!(grant(1, terms()));
        System::assert_last_event(Event::ConsentGranted { run: 0, node: 1 }.into());
        let stored = Consents::<Test>::get(0, 1).unwrap();
        assert_eq!((stored.from_block, stored.revoked_at_block), (BLOCK + 1, None));
        assert_eq!((stored.from_round, stored.until_round), (0, 9));
        assert_eq!(stored.policy, [0x70; 32]);
        move_to(BLOCK + 3, NOW_MS + 20);
        assert_ok!(Tally::revoke_consent(signed(HOSPITAL), 0, 1));
        System::assert_last_event(Event::ConsentRevoked { run: 0, node: 1 }.into());
        assert_eq!(Consents::<Test>::get(0, 1).unwrap().revoked_at_block, Some(BLOCK + 3));
        let again = Tally::revoke_consent(signed(HOSPITAL), 0, 1);
        assert_noop!(again, Error::<Test>::ConsentRevoked);
    });
}

#[test]
fn consents_are_refused() {
    in_new_state(|| {
        with_federation();
        let by = |who: &sp_runtime::AccountId32, run, node| {
            Tally::grant_consent(signed(who.clone()), run, node, terms())
        };
        assert_noop!(by(&HOSPITAL, 0, 9), Error::<Test>::UnknownNode);
        for who in [OWNER, COORDINATOR, REGISTRAR] {
            assert_noop!(by(&who, 0, 1), Error::<Test>::NotNodeOwner);
            let revoke = Tally::revoke_consent(signed(who), 0, 1);
            assert_noop!(revoke, Error::<Test>::NotNodeOwner);
        }
        assert_noop!(by(&HOSPITAL, 1, 1), Error::<Test>::UnknownRun);
        let backwards = ConsentTerms { from_round: 10, ..terms() };
        assert_noop!(grant(1, backwards), Error::<Test>::NoRounds);
        let purposes = Default::default();
        assert_noop!(grant(1, ConsentTerms { purposes, ..terms() }), Error::<Test>::NoPurpose);
        assert_ok!(Tally::close_run(signed(OWNER), 0));
        assert_noop!(grant(1, terms()), Error::<Test>::RunClosed);
        let revoke = Tally::revoke_consent(signed(HOSPITAL), 0, 1);
        assert_noop!(revoke, Error::<Test>::RunClosed);
    });
}

#[test]
fn a_consent_can_change_sixteen_times_and_be_revoked_after() {
    in_new_state(|| {
        with_federation();
        for _ in 0..=MAX_PAST_CONSENTS {
            assert_ok!(grant(1, terms()));
        }
        assert_noop!(grant(1, terms()), Error::<Test>::TooManyConsents);
        assert_ok!(Tally::revoke_consent(signed(HOSPITAL), 0, 1));
    });
}

/// A consent of block 10, and the occasion it covers.
fn covered() -> (Run<u8>, Consent, Occasion) {
    let ConsentTerms { from_round, until_round, until_ms, purposes, policy } = terms();
    let consent = Consent {
        from_round: from_round + 2,
        until_round,
        until_ms,
        purposes,
        policy,
        from_block: 10,
        revoked_at_block: None,
    };
    let run = in_memory_run();
    (run, consent, Occasion { round: 2, at_block: 10, at_ms: NOW_MS })
}

fn in_memory_run() -> Run<u8> {
    Run {
        owner: 0,
        coordinator: 0,
        coordinator_keys: Default::default(),
        spec: SPEC,
        genesis_model: MODEL,
        head: MODEL,
        model: MODEL,
        state: MODEL,
        next_round: 0,
        min_nodes: 1,
        windows: WINDOWS,
        weighting: TERMS.weighting,
        purpose: 7,
        consent_required: true,
        payout: TERMS.payout,
        funded: 0,
        allotted: 0,
        paid: 0,
        bond: 0,
        epoch: 0,
        epoch_head: [0; 32],
        settled_rounds: 0,
        counted_rounds: 0,
        counted_weight: 0,
        objections: 0,
        last_at_block: 0,
        last_closed_at_ms: 0,
        last_active_ms: 0,
        status: RunStatus::Open,
    }
}

#[test]
fn the_rule_looks_at_block_round_time_and_purpose() {
    type Change = fn(&mut Run<u8>, &mut Consent, &mut Occasion);
    let cases: [(Change, bool); 14] = [
        (|_, _, _| {}, true),
        (|_, _, at| at.at_block = 9, false),
        (|_, _, at| at.at_block = 11, true),
        (|_, c, _| c.revoked_at_block = Some(10), false),
        (|_, c, _| c.revoked_at_block = Some(9), false),
        (|_, c, _| c.revoked_at_block = Some(11), true),
        (|_, _, at| at.round = 1, false),
        (|_, _, at| at.round = 9, true),
        (|_, _, at| at.round = 10, false),
        (|_, c, at| at.at_ms = c.until_ms, true),
        (|_, c, at| at.at_ms = c.until_ms + 1, false),
        (|r, _, _| r.purpose = 6, true),
        (|r, _, _| r.purpose = 8, false),
        (|r, _, _| r.consent_required = false, true),
    ];
    for (index, (change, want)) in cases.into_iter().enumerate() {
        let (mut run, mut consent, mut at) = covered();
        change(&mut run, &mut consent, &mut at);
        assert_eq!(covers(&run, Some(&consent), &at), want, "case {index}");
    }
    let (mut run, _, at) = covered();
    assert!(!covers(&run, None, &at));
    run.consent_required = false;
    assert!(covers(&run, None, &at));
}

/// Commits a round of which leaf 1's receipt names a policy, and shows that leaf.
fn show(policy: [u8; 32], before: impl FnOnce()) -> frame_support::dispatch::DispatchResult {
    let mut round = next_round();
    round.change_receipt(1, |r| r.policy = policy);
    before();
    round.commit();
    let demand = round.demand(1);
    round.answer(demand, 1)
}

#[test]
fn a_run_that_requires_consent_counts_only_those_who_gave_it() {
    in_new_state(|| {
        with_federation_on(REQUIRED);
        assert_eq!(show([0; 32], || {}), Err(Error::<Test>::NoConsent.into()));
    });
    in_new_state(|| {
        with_federation_on(REQUIRED);
        assert_ok!(grant(1, terms()));
        assert_ok!(show([0x70; 32], || {}));
        assert_eq!(show([0; 32], || {}), Err(Error::<Test>::WrongReceipt.into()));
    });
}

#[test]
fn whoever_revokes_is_in_no_later_task() {
    in_new_state(|| {
        with_federation();
        // whatever happens in the open round's later blocks, the round is finished
        let revoke_later = || {
            move_to(BLOCK + 2, NOW_MS + 20);
            assert_ok!(Tally::revoke_consent(signed(HOSPITAL), 0, 1));
        };
        assert_ok!(show([0; 32], revoke_later));
        assert_eq!(show([0; 32], || {}), Err(Error::<Test>::NoConsent.into()));
    });
}

#[test]
fn a_new_consent_does_not_take_back_what_the_old_one_allowed() {
    in_new_state(|| {
        with_federation_on(REQUIRED);
        assert_ok!(grant(1, terms()));
        let grant_other = || {
            move_to(BLOCK + 2, NOW_MS + 20);
            assert_ok!(grant(1, ConsentTerms { policy: [0x71; 32], ..terms() }));
        };
        assert_ok!(show([0x70; 32], grant_other));
        let revoke_and_grant = || {
            move_to(BLOCK + 3, NOW_MS + 30);
            assert_ok!(Tally::revoke_consent(signed(HOSPITAL), 0, 1));
            assert_ok!(grant(1, ConsentTerms { policy: [0x72; 32], ..terms() }));
        };
        assert_ok!(show([0x71; 32], revoke_and_grant));
        assert_ok!(show([0x72; 32], || {}));
    });
}

#[test]
fn a_consent_given_after_the_task_is_too_late() {
    in_new_state(|| {
        with_federation_on(REQUIRED);
        let grant_late = || {
            move_to(BLOCK + 2, NOW_MS + 20);
            assert_ok!(grant(1, terms()));
        };
        assert_eq!(show([0x70; 32], grant_late), Err(Error::<Test>::NoConsent.into()));
    });
}
