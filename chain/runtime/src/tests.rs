//! What the runtime as a whole must satisfy.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

use crate::*;
use codec::Encode;
use frame_support::traits::{fungible::Inspect, PalletsInfoAccess};
use sp_consensus_aura::AURA_ENGINE_ID;
use sp_keyring::Ed25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{generic::Era, traits::Header as _, BuildStorage, Digest, DigestItem};

/// A preset merged over the default configuration, as a host does it.
fn merged(preset: &str) -> serde_json::Value {
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    let patch = genesis::get_preset(&preset.into()).unwrap();
    let patch: serde_json::Value = serde_json::from_slice(&patch).unwrap();
    for (pallet, fields) in patch.as_object().unwrap() {
        for (field, value) in fields.as_object().unwrap() {
            config[pallet][field] = value.clone();
        }
    }
    config
}

fn state(config: serde_json::Value) -> sp_io::TestExternalities {
    let config: RuntimeGenesisConfig = serde_json::from_value(config).unwrap();
    config.build_storage().unwrap().into()
}

fn development(embedded: bool) -> sp_io::TestExternalities {
    let mut config = merged("development");
    config["tally"]["embedded"] = embedded.into();
    state(config)
}

/// Begins block `number` in `slot` and sets its time.
fn begin_block(number: u32, slot: u64) {
    let digest = Digest { logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())] };
    let zero = Hash::zero();
    Executive::initialize_block(&Header::new(number, zero, zero, Hash::repeat_byte(1), digest));
    let call = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_DURATION });
    Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(call)).unwrap().unwrap();
}

fn extension(nonce: Nonce) -> TxExtension {
    (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    )
}

/// A transaction of Bob's.
fn transaction(nonce: Nonce, call: RuntimeCall) -> UncheckedExtrinsic {
    let payload = generic::SignedPayload::new(call.clone(), extension(nonce)).unwrap();
    let signature = payload.using_encoded(|bytes| Signature::Ed25519(Bob.sign(bytes)));
    UncheckedExtrinsic::new_signed(call, Bob.to_account_id().into(), signature, extension(nonce))
}

#[test]
fn pallet_indices_stay_below_the_letters() {
    let infos = AllPalletsWithSystem::infos();
    assert!(infos.iter().all(|info| info.index < 0x60), "a record's tag begins with t (0x74)");
    assert_eq!(infos.iter().find(|info| info.name == "Tally").map(|info| info.index), Some(0x20));
}

#[test]
fn the_development_preset_has_the_well_known_keys() {
    development(true).execute_with(|| {
        let alice = Alice.to_account_id();
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(alice.clone()));
        assert_eq!(pallet_tally::Registrar::<Runtime>::get(), Some(alice.clone()));
        assert_eq!(Tally::instance(), [7; 32]);
        assert!(pallet_tally::Embedded::<Runtime>::get());
        assert_eq!(Balances::balance(&alice), 1_000_000 * UNIT);
        assert_eq!(pallet_aura::Authorities::<Runtime>::get().len(), 1);
        assert_eq!(Grandpa::grandpa_authorities().len(), 1);
    });
}

#[test]
fn the_deployment_preset_has_no_keys_until_the_host_puts_them_in() {
    state(merged("deployment")).execute_with(|| {
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
        assert_eq!(pallet_tally::Registrar::<Runtime>::get(), None);
        assert_eq!(Balances::total_issuance(), 0);
        assert!(pallet_aura::Authorities::<Runtime>::get().is_empty());
    });
    // the patch that chain/README.md describes
    let account = Charlie.to_account_id().to_string();
    let mut config = merged("deployment");
    config["aura"]["authorities"] = serde_json::json!([account]);
    config["grandpa"]["authorities"] = serde_json::json!([[account, 1]]);
    config["balances"]["balances"] = serde_json::json!([[account, 5_000_000_000_000_u64]]);
    config["tally"]["registrar"] = serde_json::json!(account);
    config["tally"]["embedded"] = serde_json::json!(true);
    config["tally"]["instance"] = serde_json::json!(format!("0x{}", "ab".repeat(32)));
    state(config).execute_with(|| {
        let charlie = Charlie.to_account_id();
        assert_eq!(pallet_tally::Registrar::<Runtime>::get(), Some(charlie.clone()));
        assert_eq!(Balances::balance(&charlie), 5 * UNIT);
        assert_eq!(Tally::instance(), [0xab; 32]);
        assert_eq!(pallet_aura::Authorities::<Runtime>::get()[0].encode(), Charlie.public().0);
        assert_eq!(Grandpa::grandpa_authorities()[0].0.encode(), Charlie.public().0);
    });
}

#[test]
fn unknown_presets_are_not_made_up() {
    assert_eq!(genesis::get_preset(&"staging".into()), None);
    for name in genesis::preset_names() {
        assert!(genesis::get_preset(&name).is_some());
    }
}

#[test]
fn fees_go_to_the_registrar_and_nothing_is_burnt() {
    development(true).execute_with(|| {
        let issuance = Balances::total_issuance();
        let balances = || [Alice, Bob].map(|key| Balances::balance(&key.to_account_id()));
        let before = balances();
        begin_block(1, 10);
        let call = frame_system::Call::remark { remark: vec![0; 100] };
        Executive::apply_extrinsic(transaction(0, call.into())).unwrap().unwrap();
        let [alice, bob] = balances();
        let fee = before[1] - bob;
        assert!(fee > 200 * UNIT / 1_000_000 && fee < UNIT / 100, "{fee}");
        assert_eq!(alice - before[0], fee);
        assert_eq!(Balances::total_issuance(), issuance);
    });
}

const TERMS: pallet_tally::RunTerms = pallet_tally::RunTerms {
    spec: [1; 32],
    model: [2; 32],
    min_nodes: 1,
    windows: pallet_tally::Windows {
        challenge_ms: 1,
        settle_ms: 1,
        halt_ms: 1,
        max_task_age_blocks: 1,
    },
    weighting: pallet_tally::Weighting::Examples { cap: 1_000_000 },
    purpose: 7,
    consent_required: false,
    payout: pallet_tally::Payout {
        policy: pallet_tally::PayoutPolicy::Weight,
        epoch_rounds: 5,
        epoch_budget: 0,
        cap_ppm: 1_000_000,
    },
};

#[test]
fn a_pot_is_held_by_a_transaction() {
    development(true).execute_with(|| {
        begin_block(1, 10);
        let call = pallet_tally::Call::create_run {
            coordinator: Charlie.to_account_id(),
            terms: TERMS,
            pot: 1_000 * UNIT,
        };
        Executive::apply_extrinsic(transaction(0, call.into())).unwrap().unwrap();
        let run = pallet_tally::Runs::<Runtime>::get(0).unwrap();
        assert_eq!((run.owner, run.funded), (Bob.to_account_id(), 1_000 * UNIT));
    });
}

#[test]
fn an_embedded_chain_may_have_several_blocks_in_a_slot() {
    development(true).execute_with(|| {
        begin_block(1, 10);
        Executive::finalize_block();
        begin_block(2, 10);
    });
}

#[test]
#[should_panic(expected = "Slot must increase")]
fn any_other_chain_may_not() {
    development(false).execute_with(|| {
        begin_block(1, 10);
        Executive::finalize_block();
        begin_block(2, 10);
    });
}
