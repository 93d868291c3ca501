//! Which runtime APIs the node calls. The bodies never run: the calls go to the wasm of the chain.
#![allow(dead_code, missing_docs)] // the items are a macro's and its input

use sp_consensus_aura::ed25519::AuthorityId as AuraId;
use sp_consensus_grandpa::{
    AuthorityId, AuthorityList, EquivocationProof, OpaqueKeyOwnershipProof, SetId,
};
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, Block as BlockT, NumberFor},
    transaction_validity::{TransactionSource, TransactionValidity},
    AccountId32, ApplyExtrinsicResult, OpaqueExtrinsic,
};
use sp_version::RuntimeVersion;

pub type AccountId = AccountId32;
pub type Nonce = u32;
pub type Header = generic::Header<u32, BlakeTwo256>;
pub type Block = generic::Block<Header, OpaqueExtrinsic>;

pub struct Runtime;

sp_api::impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion { unimplemented!() }
        fn execute_block(_: <Block as BlockT>::LazyBlock) { unimplemented!() }
        fn initialize_block(_: &<Block as BlockT>::Header) -> sp_runtime::ExtrinsicInclusionMode { unimplemented!() }
    }
    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata { unimplemented!() }
        fn metadata_at_version(_: u32) -> Option<OpaqueMetadata> { unimplemented!() }
        fn metadata_versions() -> Vec<u32> { unimplemented!() }
    }
    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(_: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult { unimplemented!() }
        fn finalize_block() -> <Block as BlockT>::Header { unimplemented!() }
        fn inherent_extrinsics(_: sp_inherents::InherentData) -> Vec<<Block as BlockT>::Extrinsic> { unimplemented!() }
        fn check_inherents(_: <Block as BlockT>::LazyBlock, _: sp_inherents::InherentData) -> sp_inherents::CheckInherentsResult { unimplemented!() }
    }
    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(_: TransactionSource, _: <Block as BlockT>::Extrinsic, _: <Block as BlockT>::Hash) -> TransactionValidity { unimplemented!() }
    }
    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(_: &<Block as BlockT>::Header) { unimplemented!() }
    }
    impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
        fn slot_duration() -> sp_consensus_aura::SlotDuration { unimplemented!() }
        fn authorities() -> Vec<AuraId> { unimplemented!() }
    }
    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(_: Vec<u8>, _: Option<Vec<u8>>) -> sp_session::OpaqueGeneratedSessionKeys { unimplemented!() }
        fn decode_session_keys(_: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> { unimplemented!() }
    }
    impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
        fn grandpa_authorities() -> AuthorityList { unimplemented!() }
        fn current_set_id() -> SetId { unimplemented!() }
        fn submit_report_equivocation_unsigned_extrinsic(
            _: EquivocationProof<<Block as BlockT>::Hash, NumberFor<Block>>,
            _: OpaqueKeyOwnershipProof,
        ) -> Option<()> { unimplemented!() }
        fn generate_key_ownership_proof(_: SetId, _: AuthorityId) -> Option<OpaqueKeyOwnershipProof> { unimplemented!() }
    }
    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(_: AccountId) -> Nonce { unimplemented!() }
    }
}
