//! Genesis presets. The host merges a preset, and for a deployment its own patch, over the
//! default configuration; `chain/README.md` lists the paths of the patch.

use crate::*;
use alloc::{string::ToString, vec::Vec};
use frame_support::build_struct_json_patch;
use serde_json::Value;
use sp_consensus_aura::ed25519::AuthorityId as AuraId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// The preset of a deployment: no keys, no balances.
pub const DEPLOYMENT_PRESET: &str = "deployment";

/// What the genesis says of a validator: its account, twice, and its session keys.
fn session_keys(who: Ed25519Keyring) -> (AccountId, AccountId, opaque::SessionKeys) {
    let (aura, grandpa) = (AuraId::from(who.public()), GrandpaId::from(who.public()));
    (who.to_account_id(), who.to_account_id(), opaque::SessionKeys { aura, grandpa })
}

/// One validator, council, registrar and Sudo key, all of them Alice; everyone knows these keys.
fn development() -> Value {
    let alice = Ed25519Keyring::Alice;
    let accounts = Ed25519Keyring::well_known()
        .map(|key| key.to_account_id())
        .chain([Sr25519Keyring::Alice.to_account_id(), Sr25519Keyring::Bob.to_account_id()]);
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: accounts.map(|a| (a, UNIT.saturating_mul(1_000_000))).collect::<Vec<_>>(),
        },
        session: SessionConfig { keys: alloc::vec![session_keys(alice)] },
        council: CouncilConfig { members: alloc::vec![alice.to_account_id()] },
        sudo: SudoConfig { key: Some(alice.to_account_id()) },
        tally: TallyConfig {
            registrar: Some(alice.to_account_id()),
            embedded: true,
            instance: Hash::repeat_byte(7),
        },
    })
}

/// Empty where the host has to put this deployment's own keys.
fn deployment() -> Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig { balances: Vec::new() },
        session: SessionConfig { keys: Vec::new() },
        council: CouncilConfig { members: Vec::new() },
        sudo: SudoConfig { key: None },
        tally: TallyConfig { registrar: None, embedded: false, instance: Hash::zero() },
    })
}

/// The JSON patch of a preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => development(),
        DEPLOYMENT_PRESET => deployment(),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// The presets there are.
pub fn preset_names() -> Vec<PresetId> {
    alloc::vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(DEPLOYMENT_PRESET)]
}
