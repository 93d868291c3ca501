/**
 * sandbox: the servers that a deployment needs and a newcomer does not have. PostgreSQL and the embedded chain are
 * started as processes of their own, or adopted when they run already; and the keys and the genesis of a new
 * deployment are made; and all of it is copied into a backup and back.
 *
 * Invariants: everything lives below one data folder and is reached over a private socket or loopback; a server
 * outlives the process that started it, and the next start finds it by its lock file, whoever was killed; two
 * simultaneous starts end with one server.
 *
 * It refuses to manage servers of others (give their URL in the configuration instead), to make users on the host,
 * and to be loaded where it is not used: import it with `import()`.
 */
export { backUp, type Backup, type BackupOptions } from './backup/back-up.js';
export type { ExternalDatabase } from './backup/dump-database.js';
export { restore, type Restored, type RestoreOptions } from './backup/restore.js';
export { type ChainOptions, type RunningChain, startChain } from './chain/start-chain.js';
export {
  coordinatorKeysIn,
  makeNextCoordinator,
  type OtherCoordinatorKeys,
  promoteNextCoordinator,
} from './coordinator-keys.js';
export { type DataFolder, dataFolderPaths, openDataFolder } from './data-folder.js';
export {
  type Deployment,
  type DeploymentKeys,
  type DeploymentOptions,
  openDeployment,
  type Validator,
} from './deployment.js';
export { describePostgres, type PostgresState } from './postgres/describe-postgres.js';
export {
  type PostgresOptions,
  type RunningPostgres,
  startPostgres,
} from './postgres/start-postgres.js';
export type { Durability } from './postgres/server.js';
