//! A runtime with the pallet, and the keys the tests sign with.

use crate as pallet_tally;
use crate::*;
use frame_support::{derive_impl, parameter_types, traits::ConstU128};
use sp_core::{ed25519, Pair, H256};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};
use tally_records::{
    records::{Header, Pop, Record},
    Hash,
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
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(32)]
    pub type Tally = pallet_tally;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
}

impl pallet_tally::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Time = Timestamp;
    type Deposit = ConstU128<DEPOSIT>;
    type Authorities = Authorities;
    type HasDevelopmentKey = HasDevelopmentKey;
    type WeightInfo = ();
}

parameter_types! {
    /// How many authorities the chain has.
    pub storage Authorities: u32 = 2;
    /// Whether one of its keys is known to everybody.
    pub storage HasDevelopmentKey: bool = false;
}

/// What a demand costs.
pub const DEPOSIT: u128 = 10;
/// The registrar.
pub const REGISTRAR: AccountId32 = AccountId32::new([1; 32]);
/// A researcher.
pub const OWNER: AccountId32 = AccountId32::new([2; 32]);
/// The account that commits rounds.
pub const COORDINATOR: AccountId32 = AccountId32::new([3; 32]);
/// A hospital's cold account.
pub const HOSPITAL: AccountId32 = AccountId32::new([4; 32]);
/// Someone without any role.
pub const STRANGER: AccountId32 = AccountId32::new([5; 32]);
/// Hash of the genesis block.
pub const CHAIN: Hash = [9; 32];
/// The block the tests begin in.
pub const BLOCK: u32 = 2_000;
/// The time the tests begin at.
pub const NOW_MS: u64 = 1_700_000_000_000;
/// What every account begins with.
pub const BALANCE: u128 = 10_000;
/// Windows within all limits.
pub const WINDOWS: Windows =
    Windows { challenge_ms: 1_000, settle_ms: 2_000, halt_ms: 3_000, max_task_age_blocks: 100 };
/// Hash of a run's specification.
pub const SPEC: Hash = [0x51; 32];
/// Hash of a run's first model.
pub const MODEL: Hash = [0x52; 32];

/// Terms of a run of at least two nodes that pays 100 for every five rounds.
pub const TERMS: RunTerms = RunTerms {
    spec: SPEC,
    model: MODEL,
    min_nodes: 2,
    windows: WINDOWS,
    weighting: Weighting::Examples { cap: 1_000_000 },
    purpose: 7,
    consent_required: false,
    payout: Payout {
        policy: PayoutPolicy::Weight,
        epoch_rounds: 5,
        epoch_budget: 100,
        cap_ppm: PPM,
    },
};

/// A key pair by number.
pub fn pair(seed: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[seed; 32])
}

/// Its public key.
pub fn key(seed: u8) -> Key {
    pair(seed).public().0
}

/// A signature over a record.
pub fn sign<R: Record>(record: &R, seed: u8) -> SignatureBytes {
    pair(seed).sign(&record.signing_bytes()).0
}

/// The proof that the holder of a key agrees to belong to `owner`.
pub fn proof(owner: AccountId32, seed: u8) -> SignatureBytes {
    let pop = Pop { chain: CHAIN, owner: owner.into(), key: key(seed) };
    sign(&pop, seed)
}

/// Shorthand.
pub fn signed(who: AccountId32) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Moves on to another block and time.
pub fn move_to(block: u32, now_ms: u64) {
    System::set_block_number(block.into());
    Timestamp::set_timestamp(now_ms);
}

/// Runs a test in a fresh state, and checks the invariants after it.
pub fn in_new_state(test: impl FnOnce()) {
    let accounts = [REGISTRAR, OWNER, COORDINATOR, HOSPITAL, STRANGER];
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: accounts.map(|a| (a, BALANCE)).to_vec(),
            ..Default::default()
        },
        tally: pallet_tally::GenesisConfig {
            registrar: Some(REGISTRAR),
            embedded: true,
            instance: H256::repeat_byte(7),
        },
        ..Default::default()
    };
    let mut state = sp_io::TestExternalities::new(genesis.build_storage().unwrap());
    state.execute_with(|| {
        frame_system::BlockHash::<Test>::insert(0, H256(CHAIN));
        move_to(BLOCK, NOW_MS);
        test();
        Tally::check_state().unwrap();
    });
}

/// An organisation with an active node of key 10 and cap 100.
pub fn with_node() -> (OrgId, NodeId) {
    Tally::register_organisation(signed(REGISTRAR), HOSPITAL).unwrap();
    Tally::register_node(signed(HOSPITAL), 0, key(10), proof(HOSPITAL, 10)).unwrap();
    Tally::admit_node(signed(REGISTRAR), 0, 100).unwrap();
    (0, 0)
}

/// A run of at least two nodes with a pot of 1,000.
pub fn with_run() -> RunId {
    Tally::create_run(signed(OWNER), COORDINATOR, TERMS, 1_000).unwrap();
    0
}

/// The same, accepted with key 20.
pub fn with_open_run() -> RunId {
    let run = with_run();
    Tally::accept_run(signed(COORDINATOR), run, key(20), proof(COORDINATOR, 20)).unwrap();
    run
}

/// A header that continues a run: three of four nodes contributed.
pub fn next_header(run: RunId) -> Header {
    let stored = Runs::<Test>::get(run).unwrap();
    let round = stored.next_round;
    Header {
        chain: CHAIN,
        mode: 0,
        run,
        round,
        prev: stored.head,
        task: [0x60; 32],
        at_block: BLOCK - 10,
        model_before: stored.model,
        model_after: [0x80_u8.wrapping_add(round as u8); 32],
        state_after: [0xa0_u8.wrapping_add(round as u8); 32],
        contrib_root: [0x61; 32],
        included: 3,
        sum_weight: 30,
        excluded_root: [0x62; 32],
        excluded: 1,
        cohort: 4,
        metrics: [0x63; 32],
        deadline_ms: NOW_MS + 1_000,
        closed_at_ms: NOW_MS,
    }
}

/// The same without a contribution.
pub fn empty_header(run: RunId) -> Header {
    let stored = Runs::<Test>::get(run).unwrap();
    Header {
        model_after: stored.model,
        state_after: stored.state,
        contrib_root: [0; 32],
        included: 0,
        sum_weight: 0,
        excluded: 4,
        ..next_header(run)
    }
}

/// Commits a header signed by the run's key.
pub fn commit(header: Header) -> frame_support::dispatch::DispatchResult {
    let signature = sign(&header, 20);
    Tally::commit_round(signed(COORDINATOR), header, signature)
}
