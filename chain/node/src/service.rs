//! A whole node: the parts, the network, the RPC, and what an authority does.

use crate::{
    authoring::{self, Author},
    client::{self, Backend, BlockImport, Client, Pool, SelectChain, VoterLink},
    finality::{self, Voter},
    rpc,
    runtime_api::Block,
};
use sc_client_api::BlockBackend;
use sc_consensus_grandpa::warp_proof::NetworkProvider;
use sc_network::{config::FullNetworkConfiguration, Litep2pNetworkBackend, NetworkBackend};
use sc_service::{error::Error, Configuration, PartialComponents, TaskManager, WarpSyncConfig};
use sp_core::H256;
use std::sync::Arc;

type Network = Litep2pNetworkBackend;

/// Starts the node that `config` describes; it runs until the task manager ends.
pub fn start(config: Configuration) -> Result<TaskManager, Error> {
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: (block_import, link, mut telemetry),
    } = client::parts(&config)?;
    let registry = config.prometheus_registry().cloned();
    let mut net_config =
        FullNetworkConfiguration::<Block, H256, Network>::new(&config.network, registry.clone());
    let metrics =
        <Network as NetworkBackend<Block, H256>>::register_notification_metrics(registry.as_ref());
    let genesis = client
        .block_hash(0)?
        .ok_or_else(|| Error::Other("the database holds no genesis block".into()))?;
    let protocol_name = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
    let (protocol, notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<Block, Network>(
        protocol_name.clone(),
        metrics.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(protocol);
    let warp_sync = Arc::new(NetworkProvider::new(
        backend.clone(),
        link.shared_authority_set().clone(),
        Vec::new(),
    ));
    let (network, system_rpc_tx, tx_handler_controller, sync) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
        })?;
    let author = Author {
        client: client.clone(),
        pool: transaction_pool.clone(),
        select_chain,
        block_import,
        sync: sync.clone(),
        force: config.force_authoring,
        telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
    };
    let voter = Voter {
        name: config.network.node_name.clone(),
        role: config.role,
        link,
        protocol_name,
        notifications,
        network: network.clone(),
        sync: sync.clone(),
        pool: transaction_pool.clone(),
        telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
    };
    let (is_authority, votes) = (config.role.is_authority(), !config.disable_grandpa);
    let (rpc_client, rpc_pool) = (client.clone(), transaction_pool.clone());
    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        client,
        backend,
        task_manager: &mut task_manager,
        keystore: keystore_container.keystore(),
        transaction_pool,
        rpc_builder: Box::new(move |_| {
            rpc::module(rpc_client.clone(), rpc_pool.clone())
                .map_err(|e| Error::Other(e.to_string()))
        }),
        network,
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync,
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    if is_authority {
        authoring::spawn(author, &keystore_container, &task_manager, registry.as_ref())?;
    }
    if votes {
        finality::spawn(voter, &keystore_container, &task_manager, registry)?;
    }
    Ok(task_manager)
}
