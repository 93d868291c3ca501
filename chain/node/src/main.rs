//! Node of a Tallystick chain: Aura authoring with Ed25519 keys, GRANDPA finality, ParityDB.
//!
//! The chain is whatever the raw chain spec says that `--chain` names, runtime included: the node
//! knows nothing of the runtime's logic, and has no chain built in.
mod authoring;
mod cli;
mod client;
mod finality;
mod inherents;
mod rpc;
mod runtime_api;
mod service;

fn main() -> sc_cli::Result<()> {
    cli::run()
}
