//! What every command needs: database, executor, transaction pool and import queue.

use crate::{
    inherents,
    runtime_api::{Block, RuntimeApi},
};
use sc_consensus_aura::ImportQueueParams;
use sc_service::{
    error::Error, Configuration, PartialComponents, TFullBackend, TFullClient, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sp_consensus_aura::ed25519::AuthorityPair;
use std::sync::Arc;

type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
/// Database and runtime of the chain.
pub type Client = TFullClient<Block, RuntimeApi, Executor>;
/// The database alone.
pub type Backend = TFullBackend<Block>;
/// The fork to build on.
pub type SelectChain = sc_consensus::LongestChain<Backend, Block>;
/// Transactions that wait for a block.
pub type Pool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
/// Imports blocks with their finality proofs.
pub type BlockImport =
    sc_consensus_grandpa::GrandpaBlockImport<Backend, Block, Client, SelectChain>;
/// What the voter needs of the import.
pub type VoterLink = sc_consensus_grandpa::LinkHalf<Block, Client, SelectChain>;
type ImportQueue = sc_consensus::DefaultImportQueue<Block>;
/// Everything of a node that does not speak to others.
pub type NodeParts = PartialComponents<
    Client,
    Backend,
    SelectChain,
    ImportQueue,
    Pool,
    (BlockImport, VoterLink, Option<Telemetry>),
>;

/// A finality proof is kept at least every so many blocks: auditors want them often.
pub const JUSTIFICATION_PERIOD: u32 = 32;

/// Opens the database, making it from the chain spec when there is none.
pub fn parts(config: &Configuration) -> Result<NodeParts, Error> {
    let worker = telemetry(config)?;
    let handle = worker.as_ref().map(|(_, telemetry)| telemetry.handle());
    let executor = sc_service::new_wasm_executor(&config.executor);
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts::<Block, RuntimeApi, Executor>(
            config,
            handle.clone(),
            executor,
            Vec::new(),
        )?;
    let client = Arc::new(client);
    let telemetry = worker.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });
    let select_chain = SelectChain::new(backend.clone());
    let transaction_pool = pool(config, &client, &task_manager);
    let (block_import, link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        handle.clone(),
    )?;
    let import_queue = import_queue(
        config,
        ImportQueueInput {
            client: &client,
            block_import: &block_import,
            task_manager: &task_manager,
            handle,
        },
    )?;
    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: (block_import, link, telemetry),
    })
}

/// Nothing, unless `--telemetry-url` names where to report to: the chain specs name nobody.
fn telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
    let Some(endpoints) =
        config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty())
    else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(16)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}

fn pool(config: &Configuration, client: &Arc<Client>, tasks: &TaskManager) -> Arc<Pool> {
    let is_validator = config.role.is_authority().into();
    Arc::new(
        sc_transaction_pool::Builder::new(
            tasks.spawn_essential_handle(),
            client.clone(),
            is_validator,
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    )
}

struct ImportQueueInput<'a> {
    client: &'a Arc<Client>,
    block_import: &'a BlockImport,
    task_manager: &'a TaskManager,
    handle: Option<TelemetryHandle>,
}

/// Checks seal, slot and execution of every block that comes from a file or from others.
fn import_queue(config: &Configuration, input: ImportQueueInput) -> Result<ImportQueue, Error> {
    let client = input.client.clone();
    let params = ImportQueueParams {
        block_import: input.block_import.clone(),
        justification_import: Some(Box::new(input.block_import.clone())),
        client: client.clone(),
        create_inherent_data_providers: move |parent, _| {
            let duration = sc_consensus_aura::standalone::slot_duration_at(&*client, parent);
            async move { Ok(inherents::now(duration?)) }
        },
        spawner: &input.task_manager.spawn_essential_handle(),
        registry: config.prometheus_registry(),
        check_for_equivocation: Default::default(),
        telemetry: input.handle,
        compatibility_mode: Default::default(),
    };
    Ok(sc_consensus_aura::import_queue::<AuthorityPair, _, _, _, _, _>(params)?)
}
