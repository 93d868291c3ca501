import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '@tallystick/blobs';
import { SubstrateRoundLedger } from '@tallystick/chain';
import { WorkerFolderFactory } from '@tallystick/compute';
import { asAccountId, type Logger, toHex } from '@tallystick/kernel';
import {
  ed25519,
  LockFile,
  openFilesLimit,
  sha256,
  systemClock,
  systemEntropy,
} from '@tallystick/kernel/node';
import type { DataFolder, Deployment as Sandbox } from '@tallystick/sandbox';
import { Metrics } from '@tallystick/telemetry';
import type { Config } from './config.js';
import { crashPointsOf } from './crash-points.js';
import type { Deployment } from './deployment.js';
import { socketLimits } from './fleet/socket-limits.js';
import { SPOOL_SHAPE } from './fleet/spooler.js';
import { type Collector, openTrace } from './open-trace.js';
import { readRestored } from './runs/read-restored.js';
import { LoggedSigner } from './signing/logged-signer.js';
import { openKeyRing } from './signing/open-key-ring.js';
import { SigningLog } from './signing/signing-log.js';
import { filesSource } from './tls/key-pair.js';
import { ownSource } from './tls/own-certificate.js';
import { ServedCertificate } from './tls/served-certificate.js';
import { addressFor, tlsChoice } from './tls/tls-choice.js';

/** A coordinator whose supervisor died gives the folder up within this time. */
const DRAIN_WAIT_MS = 10_000;

/** A running deployment and how to let go of it. */
export interface Composed {
  readonly deployment: Deployment;
  readonly chainUrl: string;
  /** Tells invites, and others that look for this process, where it listens. */
  listening(url: string): Promise<void>;
  /** Stops what was started here, last first. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly logger: Logger;
  /** OTLP/HTTP collector that takes the traces of rounds; without it there are none. */
  readonly collector: Collector | undefined;
}

/** Things to undo, last first; one failure does not keep the others from being undone. */
class Undo {
  readonly #steps: (() => Promise<void>)[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) {
      await step().catch((error: unknown) => {
        this.#logger.warn('coordinator.close_failed', { reason: String(error) });
      });
    }
  }
}

/**
 * Opens the data folder, starts PostgreSQL and the chain where no URL is given, connects to both and puts the parts
 * together. Whatever was started is stopped again when a later step fails.
 */
export async function compose(
  config: Config,
  { logger, collector }: ComposeOptions,
): Promise<Composed> {
  const undo = new Undo(logger);
  try {
    const { openDataFolder } = await import('@tallystick/sandbox');
    const folder = await openDataFolder(config.data);
    const lockPath = join(folder.root, 'coordinator.lock.json');
    const lock = await LockFile.acquire(lockPath, { waitMs: DRAIN_WAIT_MS });
    undo.add(() => lock.release());
    const servers = await openServers(config, folder, { logger, undo });
    const address = { url: config.publicUrl ?? '' };
    const parts = { config, folder, servers, address, collector };
    const deployment = await openDeployment(parts, { logger, undo });
    return {
      deployment,
      chainUrl: servers.chainUrl,
      listening: async (url) => {
        if (address.url === '') address.url = addressFor(url, config.host);
        await lock.setPort(Number(new URL(url).port));
      },
      close: () => undo.run(),
    };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

interface Tools {
  readonly logger: Logger;
  readonly undo: Undo;
}

/** The services this process stands on, and the keys and the genesis of its deployment. */
interface Servers {
  readonly databaseUrl: string;
  readonly chainUrl: string;
  readonly sandbox: Sandbox;
}

async function openServers(
  { database, chain }: Config,
  folder: DataFolder,
  { logger, undo }: Tools,
): Promise<Servers> {
  const { startPostgres, startChain, openDeployment } = await import('@tallystick/sandbox');
  let databaseUrl = database.url;
  if (databaseUrl === undefined) {
    const postgres = await startPostgres({ folder: folder.postgres, logger });
    undo.add(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const sandbox = await openDeployment(folder);
  let chainUrl = chain.url;
  if (chainUrl === undefined) {
    const running = await startChain({
      folder: folder.chain,
      specPath: sandbox.specPath,
      keyPath: sandbox.authorityKeyPath,
      port: chain.port,
      logger,
    });
    undo.add(() => running.stop());
    chainUrl = running.url;
  }
  return { databaseUrl, chainUrl, sandbox };
}

async function openDeployment(
  parts: {
    readonly config: Config;
    readonly folder: DataFolder;
    readonly servers: Servers;
    /** Filled in when the port is known. */
    readonly address: { readonly url: string };
    readonly collector: Collector | undefined;
  },
  { logger, undo }: Tools,
): Promise<Deployment> {
  const { config, folder, servers, address, collector } = parts;
  const { keys } = servers.sandbox;
  const ledger = await connectLedger(servers);
  undo.add(() => ledger.close());
  const blobs = new FsBlobStore({ folder: config.blobs ?? folder.blobs });
  const folders = new WorkerFolderFactory({ blobs, ...workersOf(config) });
  undo.add(() => folders.close());
  const signer = await openSigner(servers.sandbox, folder, { ledger, logger, undo });
  const tls = await openTls(config, folder, { logger, undo });
  return {
    ...watching(collector, { logger, undo }),
    ...settingsOf(config),
    restored: await readRestored(folder),
    ...(tls && { tls }),
    spoolFolder: folder.spool,
    apiTokenFile: folder.apiToken,
    databaseUrl: servers.databaseUrl,
    chainUrl: servers.chainUrl,
    get publicUrl() {
      return address.url;
    },
    treasury: asAccountId(keys.treasury.key),
    spooler: folders.spooler,
    ...{ signer, ledger, blobs, folders, sha256, ed25519, logger },
    clock: systemClock,
    entropy: systemEntropy,
    crash: crashPointsOf(config.test.crashAt, folder.root),
  };
}

/** The coordinator key behind the log of what it signed. */
/** The coordinator's keys, each for its rounds, behind the log of what was signed. */
async function openSigner(
  sandbox: Servers['sandbox'],
  folder: DataFolder,
  { ledger, logger, undo }: Tools & Pick<Deployment, 'ledger'>,
): Promise<LoggedSigner> {
  const signingLog = await SigningLog.open({ path: folder.signingLog }, sha256);
  undo.add(() => Promise.resolve(signingLog.close()));
  const ring = await openKeyRing(sandbox, folder, { ledger, signingLog, logger });
  return new LoggedSigner(ring, signingLog, sha256);
}

/** The numbers of this process, and what watches its rounds. */
function watching(
  collector: Collector | undefined,
  { logger, undo }: Tools,
): Pick<Deployment, 'metrics' | 'trace'> {
  const metrics = new Metrics();
  metrics.observeProcess();
  const opened = openTrace(collector, { metrics, logger });
  undo.add(() => opened.close());
  return { metrics, trace: opened.trace };
}

function workersOf({ compute }: Config) {
  const spare = Math.min(8, Math.max(1, availableParallelism() - 1));
  return { workers: compute.workers ?? spare, spool: SPOOL_SHAPE };
}

/** What the parts take from the configuration as it is. */
function settingsOf(config: Config) {
  return {
    databasePoolSize: config.database.poolSize,
    sessionName: `tallystick-${toHex(systemEntropy.bytes(8))}`,
    leaseMs: config.lease.ttlMs,
    oidc: oidcOf(config),
    isBehindProxy: config.tls.mode === 'proxy',
    peers: config.peers?.split(',') ?? [],
    nodeCap: BigInt(config.registry.nodeCap),
    maxPlaying: config.runs.maxPlaying,
    isAnchoring: config.test.anchoring === 'on',
    sockets: socketLimits(config.fleet.maxSessions, openFilesLimit()),
  };
}

async function openTls(
  config: Config,
  folder: DataFolder,
  { logger, undo }: Tools,
): Promise<ServedCertificate | undefined> {
  const choice = tlsChoice(config);
  if (choice.kind === 'none' || choice.kind === 'proxy') return undefined;
  const deps = { clock: systemClock, entropy: systemEntropy, logger };
  const own = {
    keyFile: join(folder.keys, 'tls.key'),
    certificateFile: join(folder.root, 'tls.crt'),
  };
  const source =
    choice.kind === 'files' ? filesSource(choice) : ownSource({ ...own, ...choice, ...deps });
  const served = await ServedCertificate.open(source, deps);
  undo.add(() => Promise.resolve(served.close()));
  return served;
}

function oidcOf({ oidc }: Config): Deployment['oidc'] {
  const { issuer, clientId, clientSecret, groupsClaim, scope } = oidc;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined)
    return undefined;
  return { issuer, clientId, clientSecret, groupsClaim, scope };
}

function connectLedger({ chainUrl, sandbox }: Servers): Promise<SubstrateRoundLedger> {
  const { keys, genesis } = sandbox;
  return SubstrateRoundLedger.connect({
    url: chainUrl,
    genesis,
    accounts: {
      registrar: keys.registrar,
      treasury: keys.treasury,
      coordinator: keys['coordinator-account'],
    },
    clock: systemClock,
  });
}
