//! What the node answers besides the calls that every Substrate node answers.

use crate::{
    client::{Client, Pool},
    runtime_api::{AccountId, Block, Nonce},
};
use jsonrpsee::RpcModule;
use sp_core::H256;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// `system_accountNextIndex`: the nonce of an account, the pool's transactions counted.
pub fn module(
    client: Arc<Client>,
    pool: Arc<Pool>,
) -> Result<RpcModule<()>, jsonrpsee::core::RegisterMethodError> {
    let mut module = RpcModule::new(());
    let system: System<Pool, Client, Block> = System::new(client, pool);
    module.merge(SystemApiServer::<H256, AccountId, Nonce>::into_rpc(system))?;
    Ok(module)
}
