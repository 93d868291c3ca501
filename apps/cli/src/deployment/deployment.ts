import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Hash, isTallyError, type Logger, TallyError } from '@tallystick/kernel';
import { LockFile, processBirth } from '@tallystick/kernel/node';
import { STRAIGHT } from '@tallystick/site';
import { OperatorApi } from '../api/operator-api.js';
import { Service } from './service.js';
import { type RunningServer, WatchedServer } from './watched-server.js';

const COORDINATOR = fileURLToPath(new URL('../../../coordinator/dist/main.js', import.meta.url));
const CLIENT_NODE = fileURLToPath(new URL('../../../client-node/dist/main.js', import.meta.url));

/** One process of a deployment, for people and tests. */
export interface ProcessInfo {
  readonly role: 'postgres' | 'chain' | 'coordinator' | 'node';
  readonly name: string;
  readonly pid: number;
  readonly startedAtMs: number;
}

export interface DeploymentOptions {
  readonly data: string;
  /** API port; 0 takes a free one. */
  readonly port: number;
  /** RPC port of the chain; 0 takes a free one. */
  readonly chainPort: number;
  /** RPC of a chain that runs elsewhere and has the genesis of the data folder. */
  readonly chainUrl?: string;
  /** `test`: no fsync of the database. */
  readonly durability: 'safe' | 'test';
  readonly env?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** PostgreSQL, chain and coordinator of one data folder, and the nodes started beside them. */
export class Deployment {
  readonly api: OperatorApi;
  readonly chainUrl: string;
  readonly genesis: Hash;
  readonly chainSpecFile: string;
  readonly #options: DeploymentOptions;
  readonly #coordinator: Service;
  readonly #nodes: Service[] = [];
  readonly #servers: readonly Watched[];
  readonly #lock: LockFile;

  private constructor(
    options: DeploymentOptions,
    parts: {
      api: OperatorApi;
      chain: { readonly url: string; readonly genesis: Hash };
      coordinator: Service;
      servers: readonly Watched[];
      chainSpecFile: string;
      lock: LockFile;
    },
  ) {
    this.#options = options;
    this.api = parts.api;
    this.chainUrl = parts.chain.url;
    this.genesis = parts.chain.genesis;
    this.chainSpecFile = parts.chainSpecFile;
    this.#coordinator = parts.coordinator;
    this.#servers = parts.servers;
    this.#lock = parts.lock;
  }

  /**
   * Takes the data folder (CONFIG_LOCKED when another supervisor has it), starts or adopts the servers, then starts the
   * coordinator. All of it is undone when a step fails.
   */
  static async start(options: DeploymentOptions): Promise<Deployment> {
    const sandbox = await import('@tallystick/sandbox');
    const folder = await sandbox.openDataFolder(options.data);
    const lock = await LockFile.acquire(folder.lock);
    const servers: Watched[] = [];
    try {
      const { deployment, postgresUrl, chainUrl } = await startServers(
        sandbox,
        { folder, servers },
        options,
      );
      const coordinator = await startCoordinator(options, {
        postgres: postgresUrl,
        chain: chainUrl,
      });
      const url = coordinator.ready.url ?? `http://127.0.0.1:${options.port}`;
      const token = (await readFile(folder.apiToken, 'utf8')).trim();
      const { pin } = coordinator.ready;
      const way = { ...STRAIGHT, pins: pin === undefined ? [] : [pin] };
      const api = new OperatorApi({ url, token, way, signal: options.signal });
      const { specPath: chainSpecFile, genesis } = deployment;
      const chain = { url: chainUrl, genesis };
      const parts = { api, chain, coordinator, servers, chainSpecFile, lock };
      return new Deployment(options, parts);
    } catch (error) {
      for (const server of servers.toReversed()) await server.stop().catch(() => undefined);
      await lock.release();
      throw error;
    }
  }

  /** Starts the node whose folder `tally node join` made. */
  async startNode(name: string, folder: string): Promise<void> {
    const { logger, data, env = {} } = this.#options;
    const service = await Service.start({
      name,
      script: CLIENT_NODE,
      args: ['--folder', folder],
      env: () => env,
      readyEvent: 'node.ready',
      logFile: join(data, 'logs', `node-${name}.log`),
      logger,
    });
    this.#nodes.push(service);
  }

  processes(): readonly ProcessInfo[] {
    const servers = this.#servers.map(({ role, running: { pid, startedAtMs } }) => ({
      role,
      name: role,
      pid,
      startedAtMs,
    }));
    const service = (role: ProcessInfo['role'], { name, ready }: Service): ProcessInfo => ({
      role,
      name,
      pid: ready.pid,
      startedAtMs: ready.startedAtMs,
    });
    return [
      ...servers,
      service('coordinator', this.#coordinator),
      ...this.#nodes.map((node) => service('node', node)),
    ];
  }

  /** Settles with the reason when a child is given up. */
  failed(): Promise<string> {
    const watched = [...this.#servers, this.#coordinator, ...this.#nodes];
    return Promise.race(watched.map(({ failed }) => failed));
  }

  /** What its API shows as its public key; undefined for plain HTTP, or when an authority vouches for it. */
  get pin(): string | undefined {
    return this.#coordinator.ready.pin;
  }

  /** Drains nodes, then the coordinator, then the servers. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await this.#coordinator.stop();
    for (const server of this.#servers.toReversed()) await server.stop();
    await this.#lock.release();
  }
}

type Sandbox = typeof import('@tallystick/sandbox');
type DataFolder = Awaited<ReturnType<Sandbox['openDataFolder']>>;
type Keys = Awaited<ReturnType<Sandbox['openDeployment']>>;
type Watched = Pick<WatchedServer<RunningServer>, 'role' | 'running' | 'failed' | 'stop'>;
type RunningPostgres = Awaited<ReturnType<Sandbox['startPostgres']>>;
type RunningChain = Awaited<ReturnType<Sandbox['startChain']>>;

/** The cluster keeps its socket, so whoever was connected finds it again. */
function watchPostgres(
  { startPostgres }: Sandbox,
  { postgres: folder }: DataFolder,
  { durability, logger, signal }: DeploymentOptions,
): Promise<WatchedServer<RunningPostgres>> {
  return WatchedServer.start<RunningPostgres>({
    role: 'postgres',
    start: () => startPostgres({ folder, logger, durability, signal }),
    birthOf: processBirth,
    logger,
  });
}

/** Starts PostgreSQL and the embedded chain side by side. `servers` gets what came up, also when this rejects. */
async function startServers(
  sandbox: Sandbox,
  to: { readonly folder: DataFolder; readonly servers: Watched[] },
  options: DeploymentOptions,
): Promise<{
  readonly deployment: Keys;
  readonly postgresUrl: string;
  readonly chainUrl: string;
}> {
  const { folder, servers } = to;
  const opening = sandbox.openDeployment(folder);
  const postgres = watchPostgres(sandbox, folder, options);
  const chain = opening.then((deployment) => openChain(sandbox, { folder, deployment }, options));
  for (const started of await Promise.allSettled([postgres, chain.then(({ server }) => server)])) {
    if (started.status === 'fulfilled' && started.value !== undefined) servers.push(started.value);
  }
  const [{ running }, { url: chainUrl }] = [await postgres, await chain];
  return { deployment: await opening, postgresUrl: running.url, chainUrl };
}

/** The chain that runs elsewhere, or one that is started here. */
async function openChain(
  sandbox: Sandbox,
  to: { readonly folder: DataFolder; readonly deployment: Keys },
  options: DeploymentOptions,
): Promise<{ readonly url: string; readonly server: Watched | undefined }> {
  const { chainUrl: url } = options;
  if (url !== undefined) return { url, server: undefined };
  const server = await watchChain(sandbox, to, options);
  return { url: server.running.url, server };
}

/** A restart takes the port that the first start got. */
function watchChain(
  { startChain }: Sandbox,
  { folder, deployment }: { readonly folder: DataFolder; readonly deployment: Keys },
  { chainPort, logger, signal }: DeploymentOptions,
): Promise<WatchedServer<RunningChain>> {
  return WatchedServer.start<RunningChain>({
    role: 'chain',
    start: (before) => {
      const port = before === undefined ? chainPort : Number(new URL(before.url).port);
      const { specPath, authorityKeyPath: keyPath } = deployment;
      const starting = startChain({
        folder: folder.chain,
        specPath,
        keyPath,
        port,
        logger,
        signal,
      });
      return starting.catch(namingOption('--chain-port', port));
    },
    birthOf: processBirth,
    logger,
  });
}

function startCoordinator(
  options: DeploymentOptions,
  urls: { readonly postgres: string; readonly chain: string },
): Promise<Service> {
  const { data, port, logger, env = {} } = options;
  const starting = Service.start({
    name: 'coordinator',
    script: COORDINATOR,
    args: [],
    env: (before) => ({
      ...env,
      TALLY_DATA: data,
      TALLY_PORT: before?.url === undefined ? String(port) : new URL(before.url).port,
      TALLY_DATABASE__URL: urls.postgres,
      TALLY_CHAIN__URL: urls.chain,
    }),
    readyEvent: 'coordinator.listening',
    logFile: join(data, 'logs', 'coordinator.log'),
    logger,
  });
  return starting.catch(namingOption('--port', port));
}

/** The servers know their settings; whoever types a command knows its options. */
function namingOption(option: string, port: number): (error: unknown) => never {
  return (error) => {
    if (!isTallyError(error, 'CONFIG_PORT_IN_USE')) throw error;
    throw new TallyError('CONFIG_PORT_IN_USE', { host: '127.0.0.1', port, option }, error);
  };
}
