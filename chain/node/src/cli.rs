//! The command line.

use crate::{
    client::{self, NodeParts},
    runtime_api::Block,
    service,
};
use clap::Parser;
use sc_cli::SubstrateCli;
use sc_service::PartialComponents;

/// The chain spec has no extensions.
type ChainSpec = sc_service::GenericChainSpec;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
    #[clap(flatten)]
    run: sc_cli::RunCmd,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Make, inspect and insert keys
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),
    /// Import blocks from a file
    ImportBlocks(sc_cli::ImportBlocksCmd),
    /// Export blocks to a file
    ExportBlocks(sc_cli::ExportBlocksCmd),
    /// Execute a block again
    CheckBlock(sc_cli::CheckBlockCmd),
    /// Remove the database of the chain
    PurgeChain(sc_cli::PurgeChainCmd),
    /// Show what the database holds
    ChainInfo(sc_cli::ChainInfoCmd),
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Tallystick node".into()
    }
    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }
    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }
    fn author() -> String {
        env!("CARGO_PKG_AUTHORS").into()
    }
    fn support_url() -> String {
        "see the README of the repository".into()
    }
    fn copyright_start_year() -> i32 {
        2026
    }
    fn load_spec(&self, path: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
        if path.is_empty() || path == "dev" {
            return Err("no chain is built in; name a raw chain spec with --chain FILE".into());
        }
        Ok(Box::new(ChainSpec::from_json_file(path.into())?))
    }
}

/// Runs what the command line asks for, until it is done or interrupted.
pub fn run() -> sc_cli::Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        Some(Subcommand::Key(command)) => command.run(&cli),
        Some(Subcommand::ImportBlocks(command)) => {
            cli.create_runner(command)?.async_run(|config| {
                let parts: NodeParts = client::parts(&config)?;
                Ok((command.run(parts.client, parts.import_queue), parts.task_manager))
            })
        }
        Some(Subcommand::ExportBlocks(command)) => {
            cli.create_runner(command)?.async_run(|config| {
                let PartialComponents { client, task_manager, .. } = client::parts(&config)?;
                Ok((command.run(client, config.database), task_manager))
            })
        }
        Some(Subcommand::CheckBlock(command)) => cli.create_runner(command)?.async_run(|config| {
            let parts: NodeParts = client::parts(&config)?;
            Ok((command.run(parts.client, parts.import_queue), parts.task_manager))
        }),
        Some(Subcommand::PurgeChain(command)) => {
            cli.create_runner(command)?.sync_run(|config| command.run(config.database))
        }
        Some(Subcommand::ChainInfo(command)) => {
            cli.create_runner(command)?.sync_run(|config| command.run::<Block>(&config))
        }
        None => cli.create_runner(&cli.run)?.run_node_until_exit(|config| async move {
            service::start(config).map_err(sc_cli::Error::Service)
        }),
    }
}
