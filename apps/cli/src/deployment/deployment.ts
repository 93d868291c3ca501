import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hash, Logger } from '@tallystick/kernel';
import { OperatorApi } from '../api/operator-api.js';
import { Service } from './service.js';

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
  readonly #servers: readonly Server[];

  private constructor(
    options: DeploymentOptions,
    parts: {
      api: OperatorApi;
      chain: Server & { url: string; genesis: Hash };
      coordinator: Service;
      servers: readonly Server[];
      chainSpecFile: string;
    },
  ) {
    this.#options = options;
    this.api = parts.api;
    this.chainUrl = parts.chain.url;
    this.genesis = parts.chain.genesis;
    this.chainSpecFile = parts.chainSpecFile;
    this.#coordinator = parts.coordinator;
    this.#servers = parts.servers;
  }

  /** Starts or adopts the servers, then the coordinator. What was started is stopped again when a step fails. */
  static async start(options: DeploymentOptions): Promise<Deployment> {
    const { data, logger, signal } = options;
    const sandbox = await import('@tallystick/sandbox');
    const folder = await sandbox.openDataFolder(data);
    const servers: Server[] = [];
    try {
      const { durability, chainPort } = options;
      const [postgres, deployment] = await Promise.all([
        sandbox.startPostgres({ folder: folder.postgres, logger, durability, signal }),
        sandbox.openDeployment(folder),
      ]);
      servers.push({ ...postgres, role: 'postgres', name: 'postgres' });
      const running = await sandbox.startChain({
        folder: folder.chain,
        specPath: deployment.specPath,
        keyPath: deployment.authorityKeyPath,
        port: chainPort,
        logger,
        signal,
      });
      const chain = { ...running, role: 'chain' as const, name: 'chain' };
      servers.push(chain);
      const coordinator = await startCoordinator(options, {
        postgres: postgres.url,
        chain: chain.url,
      });
      const url = coordinator.ready.url ?? `http://127.0.0.1:${options.port}`;
      const token = (await readFile(folder.apiToken, 'utf8')).trim();
      const api = new OperatorApi({ url, token, signal: AbortSignal.any([]) });
      const parts = { api, chain, coordinator, servers, chainSpecFile: deployment.specPath };
      return new Deployment(options, parts);
    } catch (error) {
      for (const server of servers.toReversed()) await server.stop().catch(() => undefined);
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
    const servers = this.#servers.map(({ role, name, pid, startedAtMs }) => ({
      role,
      name,
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
    return Promise.race([this.#coordinator, ...this.#nodes].map(({ failed }) => failed));
  }

  /** Drains nodes, then the coordinator, then the servers. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await this.#coordinator.stop();
    for (const server of this.#servers.toReversed()) await server.stop();
  }
}

interface Server {
  readonly role: 'postgres' | 'chain';
  readonly name: string;
  readonly pid: number;
  readonly startedAtMs: number;
  stop(): Promise<void>;
}

function startCoordinator(
  options: DeploymentOptions,
  urls: { readonly postgres: string; readonly chain: string },
): Promise<Service> {
  const { data, port, logger, env = {} } = options;
  return Service.start({
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
}
