//! Makes a block whenever the slot is ours.

use crate::{
    client::{BlockImport, Client, Pool, SelectChain},
    inherents,
    runtime_api::Block,
};
use sc_basic_authorship::ProposerFactory;
use sc_consensus_aura::{SlotProportion, StartAuraParams};
use sc_network_sync::SyncingService;
use sc_service::{error::Error, KeystoreContainer, TaskManager};
use sc_telemetry::TelemetryHandle;
use sp_consensus_aura::ed25519::AuthorityPair;
use std::sync::Arc;

/// Share of a slot that making a block may take; the rest is for sending it.
const PROPOSAL_SHARE: f32 = 2.0 / 3.0;

/// What an author needs of its node.
pub struct Author {
    /// Database and runtime.
    pub client: Arc<Client>,
    /// Where the transactions come from.
    pub pool: Arc<Pool>,
    /// The fork to build on.
    pub select_chain: SelectChain,
    /// Takes our own blocks, too.
    pub block_import: BlockImport,
    /// Whether the others are far ahead.
    pub sync: Arc<SyncingService<Block>>,
    /// Makes blocks without peers, too.
    pub force: bool,
    /// Where to report to, if anywhere.
    pub telemetry: Option<TelemetryHandle>,
}

/// Starts authoring. The slots that are ours are those of the Aura keys in the keystore.
pub fn spawn(
    author: Author,
    keystore: &KeystoreContainer,
    tasks: &TaskManager,
    registry: Option<&prometheus::Registry>,
) -> Result<(), Error> {
    let Author { client, pool, select_chain, block_import, sync, force, telemetry } = author;
    let proposer_factory = ProposerFactory::new(
        tasks.spawn_handle(),
        client.clone(),
        pool,
        registry,
        telemetry.clone(),
    );
    let slot_duration = sc_consensus_aura::slot_duration(&*client)?;
    let aura = sc_consensus_aura::start_aura::<AuthorityPair, _, _, _, _, _, _, _, _, _, _>(
        StartAuraParams {
            slot_duration,
            client,
            select_chain,
            block_import,
            proposer_factory,
            sync_oracle: sync.clone(),
            justification_sync_link: sync,
            create_inherent_data_providers: move |_, ()| async move {
                Ok(inherents::now(slot_duration))
            },
            force_authoring: force,
            backoff_authoring_blocks: None::<()>,
            keystore: keystore.keystore(),
            block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SHARE),
            max_block_proposal_slot_portion: None,
            telemetry,
            compatibility_mode: Default::default(),
        },
    )?;
    tasks.spawn_essential_handle().spawn_blocking("aura", Some("block-authoring"), aura);
    Ok(())
}
