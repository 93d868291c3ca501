import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '@tallystick/blobs';
import { SubstrateRoundLedger } from '@tallystick/chain';
import { WorkerFolderFactory } from '@tallystick/compute';
import { asAccountId, type Logger } from '@tallystick/kernel';
import { ed25519, LockFile, sha256, systemClock, systemEntropy } from '@tallystick/kernel/node';
import { Metrics } from '@tallystick/telemetry';
import type { Config } from './config.js';
import { crashPointsOf } from './crash-points.js';
import type { Deployment } from './deployment.js';

/** A running deployment and how to let go of it. */
export interface Composed {
  readonly deployment: Deployment;
  /** Tells invites where this process listens. */
  setPublicUrl(url: string): void;
  /** Where the process may be found by others: written into its lock file. */
  setPort(port: number): Promise<void>;
  readonly chainUrl: string;
  /** Stops what was started here, last first. */
  close(): Promise<void>;
}

/** Things to undo, last first; one failure does not keep the others from being undone. */
class Undo {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(logger: Logger): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) {
      await step().catch((error: unknown) => {
        logger.warn('coordinator.close_failed', { reason: String(error) });
      });
    }
  }
}

/**
 * Opens the data folder, starts PostgreSQL and the chain where no URL is given, connects to both and puts the parts
 * together. Whatever was started is stopped again when a later step fails.
 */
export async function compose(config: Config, logger: Logger): Promise<Composed> {
  const undo = new Undo();
  try {
    return await composeParts(config, { logger, undo });
  } catch (error) {
    await undo.run(logger);
    throw error;
  }
}

async function composeParts(
  config: Config,
  { logger, undo }: { readonly logger: Logger; readonly undo: Undo },
): Promise<Composed> {
  const sandbox = await import('@tallystick/sandbox');
  const folder = await sandbox.openDataFolder(config.data);
  const lock = await LockFile.acquire(join(folder.root, 'coordinator.lock.json'));
  undo.add(() => lock.release());
  const databaseUrl = config.database.url ?? (await startDatabase());
  const { keys, genesis, specPath, authorityKeyPath } = await sandbox.openDeployment(folder);
  const chainUrl = config.chain.url ?? (await startChain());

  const ledger = await SubstrateRoundLedger.connect({
    url: chainUrl,
    genesis,
    accounts: {
      registrar: keys.registrar,
      treasury: keys.treasury,
      coordinator: keys['coordinator-account'],
    },
    clock: systemClock,
  });
  undo.add(() => ledger.close());
  const blobs = new FsBlobStore({ folder: folder.blobs });
  await blobs.sweepDrafts();
  const workers = config.compute.workers ?? Math.min(8, Math.max(1, availableParallelism() - 1));
  const folders = new WorkerFolderFactory({ blobs, workers });
  undo.add(() => folders.close());
  const metrics = new Metrics();
  metrics.observeProcess();

  let publicUrl = config.publicUrl;
  const deployment: Deployment = {
    spoolFolder: folder.spool,
    apiTokenFile: folder.apiToken,
    databaseUrl,
    databasePoolSize: config.database.poolSize,
    nodeCap: BigInt(config.registry.nodeCap),
    get publicUrl() {
      return publicUrl ?? '';
    },
    signer: keys.coordinator,
    treasury: asAccountId(keys.treasury.key),
    ledger,
    blobs,
    folders,
    sha256,
    ed25519,
    clock: systemClock,
    entropy: systemEntropy,
    logger,
    metrics,
    crash: crashPointsOf(config.test.crashAt, folder.root),
  };
  return {
    deployment,
    setPublicUrl: (url) => (publicUrl ??= url),
    setPort: (port) => lock.setPort(port),
    chainUrl,
    close: () => undo.run(logger),
  };

  async function startDatabase(): Promise<string> {
    const postgres = await sandbox.startPostgres({ folder: folder.postgres, logger });
    undo.add(() => postgres.stop());
    return postgres.url;
  }

  async function startChain(): Promise<string> {
    const { port } = config.chain;
    const options = { folder: folder.chain, specPath, keyPath: authorityKeyPath, port, logger };
    const chain = await sandbox.startChain(options);
    undo.add(() => chain.stop());
    return chain.url;
  }
}
