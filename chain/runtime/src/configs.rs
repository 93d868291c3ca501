//! What each pallet is given.

use crate::*;
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        tokens::imbalance::OnUnbalanced,
        ConstU128, ConstU16, ConstU32, ConstU64, ConstU8, Get, VariantCountOf,
    },
    weights::{
        constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND},
        ConstantMultiplier, IdentityFee, Weight,
    },
};
use pallet_transaction_payment::{ConstFeeMultiplier, FungibleAdapter, Multiplier};
use sp_consensus_aura::ed25519::AuthorityId as AuraId;
use sp_keyring::Ed25519Keyring;
use sp_runtime::{
    traits::{One, SaturatedConversion},
    Perbill,
};

/// Share of a block for transactions; the rest is kept for what the operator must get in.
const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);
/// Fee of a byte: the commit of a round, 509 bytes, then costs some 0.0015 units.
const FEE_PER_BYTE: Balance = UNIT / 1_000_000;

parameter_types! {
    pub const BlockHashCount: BlockNumber = 2_400;
    pub const Version: RuntimeVersion = VERSION;
    pub FeeMultiplier: Multiplier = Multiplier::one();
    /// 2 s of compute in a block of 6 s; the default 5 MiB of transactions.
    pub BlockWeights: frame_system::limits::BlockWeights =
        frame_system::limits::BlockWeights::with_sensible_defaults(
            Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_mul(2), u64::MAX),
            NORMAL_DISPATCH_RATIO,
        );
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type BlockWeights = BlockWeights;
    type AccountId = AccountId;
    type Nonce = Nonce;
    type Hash = Hash;
    type BlockHashCount = BlockHashCount;
    type DbWeight = RocksDbWeight;
    type Version = Version;
    type AccountData = pallet_balances::AccountData<Balance>;
    type SS58Prefix = ConstU16<42>;
    type MaxConsumers = ConstU32<16>;
}

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = Aura;
    // blocks sealed on demand may share a timestamp
    type MinimumPeriod = ConstU64<0>;
    type WeightInfo = ();
}

/// Several blocks in a slot are for a chain of one operator only: elsewhere their author could
/// always own the longest fork.
pub struct IfEmbedded;

impl Get<bool> for IfEmbedded {
    fn get() -> bool {
        pallet_tally::Embedded::<Runtime>::get()
    }
}

impl pallet_aura::Config for Runtime {
    type AuthorityId = AuraId;
    type DisabledValidators = ();
    type MaxAuthorities = ConstU32<32>;
    type AllowMultipleBlocksPerSlot = IfEmbedded;
    // not derived from MinimumPeriod, which is 0
    type SlotDuration = ConstU64<SLOT_DURATION>;
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<32>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<0>;
    type KeyOwnerProof = sp_core::Void;
    type EquivocationReportSystem = ();
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ();
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

/// Fees go to the registrar, who keeps the chain running: they change hands, and the issuance
/// stays what it was. Without a registrar, or when it cannot take so little, they are burnt.
pub struct FeesToRegistrar;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesToRegistrar {
    fn on_nonzero_unbalanced(fees: Credit<AccountId, Balances>) {
        if let Some(registrar) = pallet_tally::Registrar::<Runtime>::get() {
            let _ = Balances::resolve(&registrar, fees);
        }
    }
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, FeesToRegistrar>;
    type WeightToFee = IdentityFee<Balance>;
    type LengthToFee = ConstantMultiplier<Balance, ConstU128<FEE_PER_BYTE>>;
    type FeeMultiplierUpdate = ConstFeeMultiplier<FeeMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

/// Counts the keys that seal blocks.
pub struct Authorities;

impl Get<u32> for Authorities {
    fn get() -> u32 {
        pallet_aura::Authorities::<Runtime>::decode_len().unwrap_or(0).saturated_into()
    }
}

/// Looks for keys that everybody knows, and for a Sudo key, whoever holds it.
pub struct HasDevelopmentKey;

impl Get<bool> for HasDevelopmentKey {
    fn get() -> bool {
        let is_known = |key: AuraId| Ed25519Keyring::from_public(key.as_ref()).is_some();
        pallet_sudo::Key::<Runtime>::exists()
            || pallet_aura::Authorities::<Runtime>::get().into_iter().any(is_known)
    }
}

impl pallet_tally::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Time = Timestamp;
    type Deposit = ConstU128<UNIT>;
    type Authorities = Authorities;
    type HasDevelopmentKey = HasDevelopmentKey;
    type WeightInfo = ();
}
