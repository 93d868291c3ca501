//! Votes on blocks, when we are an authority, and follows the votes of the others.

use crate::{
    client::{Pool, VoterLink, JUSTIFICATION_PERIOD},
    runtime_api::Block,
};
use sc_consensus_grandpa::{Config, GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_network::service::traits::{NetworkService, NotificationService};
use sc_network::ProtocolName;
use sc_network_sync::SyncingService;
use sc_service::{error::Error, KeystoreContainer, Role, TaskManager};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::{sync::Arc, time::Duration};

/// How long votes are collected before they are passed on.
const GOSSIP_PERIOD: Duration = Duration::from_millis(333);

/// What a voter needs of its node.
pub struct Voter {
    /// Name in the log lines.
    pub name: String,
    /// Whether we vote or only follow.
    pub role: Role,
    /// What the block import shares with the voter.
    pub link: VoterLink,
    /// The chain's own name of the protocol.
    pub protocol_name: ProtocolName,
    /// Messages of that protocol.
    pub notifications: Box<dyn NotificationService>,
    /// The network.
    pub network: Arc<dyn NetworkService>,
    /// Fetches blocks that are voted for.
    pub sync: Arc<SyncingService<Block>>,
    /// Where reports go as transactions.
    pub pool: Arc<Pool>,
    /// Where to report to, if anywhere.
    pub telemetry: Option<TelemetryHandle>,
}

/// Starts the voter with the GRANDPA key of the keystore, if there is one and we are an authority.
pub fn spawn(
    voter: Voter,
    keystore: &KeystoreContainer,
    tasks: &TaskManager,
    registry: Option<prometheus::Registry>,
) -> Result<(), Error> {
    let config = Config {
        gossip_duration: GOSSIP_PERIOD,
        justification_generation_period: JUSTIFICATION_PERIOD,
        name: Some(voter.name),
        observer_enabled: false,
        keystore: voter.role.is_authority().then(|| keystore.keystore()),
        local_role: voter.role,
        telemetry: voter.telemetry.clone(),
        protocol_name: voter.protocol_name,
    };
    let task = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
        config,
        link: voter.link,
        network: voter.network,
        sync: Arc::new(voter.sync),
        notification_service: voter.notifications,
        voting_rule: VotingRulesBuilder::default().build(),
        prometheus_registry: registry,
        shared_voter_state: SharedVoterState::empty(),
        telemetry: voter.telemetry,
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(voter.pool),
    })?;
    tasks.spawn_essential_handle().spawn_blocking("grandpa-voter", None, task);
    Ok(())
}
