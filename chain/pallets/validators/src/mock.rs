//! A runtime with sessions of five blocks.

use crate as pallet_validators;
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU128, ConstU32, ConstU64, Hooks, OneSessionHandler},
};
use frame_system::EnsureRoot;
use sp_runtime::{
    impl_opaque_keys, testing::UintAuthorityId, traits::ConvertInto, BuildStorage, KeyTypeId,
    RuntimeAppPublic,
};

type Block = frame_system::mocking::MockBlock<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeHoldReason,
        RuntimeFreezeReason,
        RuntimeTask
    )]
    pub struct Test;
    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(2)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(3)]
    pub type Validators = pallet_validators;
}

impl_opaque_keys! {
    pub struct Keys {
        pub dummy: Witness,
    }
}

parameter_types! {
    /// The validators and keys of the newest session that the consensus was told of.
    pub static Told: Vec<u64> = Vec::new();
}

/// Stands for Aura and GRANDPA.
pub struct Witness;

impl sp_runtime::BoundToRuntimeAppPublic for Witness {
    type Public = UintAuthorityId;
}

impl OneSessionHandler<u64> for Witness {
    type Key = UintAuthorityId;
    fn on_genesis_session<'a, I: 'a + Iterator<Item = (&'a u64, Self::Key)>>(validators: I) {
        Told::set(validators.map(|(_, key)| key.0).collect());
    }
    fn on_new_session<'a, I: 'a + Iterator<Item = (&'a u64, Self::Key)>>(
        changed: bool,
        validators: I,
        _queued: I,
    ) {
        if changed {
            Told::set(validators.map(|(_, key)| key.0).collect());
        }
    }
    fn on_disabled(_: u32) {}
}

/// The key type of the dummy key.
pub const KEY_TYPE: KeyTypeId = <UintAuthorityId as RuntimeAppPublic>::ID;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
}

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = u64;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = pallet_session::PeriodicSessions<ConstU64<5>, ConstU64<0>>;
    type NextSessionRotation = pallet_session::PeriodicSessions<ConstU64<5>, ConstU64<0>>;
    type SessionManager = Validators;
    type SessionHandler = (Witness,);
    type Keys = Keys;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU128<0>;
}

impl pallet_validators::Config for Test {
    type Council = EnsureRoot<u64>;
    type MaxValidators = ConstU32<4>;
}

/// Session key of an account.
pub fn keys(account: u64) -> Keys {
    Keys { dummy: UintAuthorityId(account + 100) }
}

/// A chain that 1 and 2 keep; 3 has keys and waits, 4 and 5 have none.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let own = |account| (account, account, keys(account));
    let genesis = RuntimeGenesisConfig {
        session: pallet_session::GenesisConfig {
            keys: vec![own(1), own(2)],
            non_authority_keys: vec![own(3)],
        },
        ..Default::default()
    };
    let mut ext: sp_io::TestExternalities = genesis.build_storage().unwrap().into();
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Begins blocks up to `number`.
pub fn run_to(number: u64) {
    for block in System::block_number() + 1..=number {
        System::set_block_number(block);
        Session::on_initialize(block);
    }
}
