import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from '@tallystick/kernel';
import { LockFile } from '@tallystick/kernel/node';
import { prepareHome } from './home.js';
import { initialise } from './init.js';
import { type Durability, findRunning, startServer, stopServer } from './server.js';
import { socketUrl } from './socket-folder.js';

/** Two starters take turns; the second finds the first one's server. Longer than a first start may take. */
const LOCK_WAIT_MS = 90_000;

export interface PostgresOptions {
  /** Holds the cluster, its log, and nothing else. Made when it is not there. */
  readonly folder: string;
  readonly logger: Logger;
  /** Default `safe`. */
  readonly durability?: Durability;
  readonly signal?: AbortSignal;
}

/** A PostgreSQL server that belongs to one data folder. It lives on when this process dies. */
export interface RunningPostgres {
  /** libpq URI of the database `postgres`, over the socket. */
  readonly url: string;
  /** The socket's folder: `host` of any client, with user `postgres` and no password. */
  readonly host: string;
  readonly pid: number;
  readonly startedAtMs: number;
  /** True when it ran before, for instance after our own kill -9. */
  readonly adopted: boolean;
  /** Ends the server in order. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of `folder`, or adopts it when it runs already. Only this user reaches it, through a
 * socket in a private folder. Throws STORE_POSTGRES_UNAVAILABLE and STORE_POSTGRES_START.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { logger, durability = 'safe', signal } = options;
  await mkdir(options.folder, { recursive: true });
  const folder = await realpath(resolve(options.folder));
  const lock = await LockFile.acquire(join(folder, 'start.lock'), {
    waitMs: LOCK_WAIT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const beganMs = performance.now();
    const home = await prepareHome(folder, logger);
    const running = await findRunning(home, signal);
    if (running === undefined) await initialise(home, signal);
    const server = running ?? (await startServer(home, durability, signal));
    const adopted = running !== undefined;
    const { pid, startedAtMs, socketFolder: host } = server;
    logger.info(adopted ? 'postgres.adopted' : 'postgres.started', {
      pid,
      ms: Math.round(performance.now() - beganMs),
    });
    const stop = (): Promise<void> => stopServer(home, server);
    return { url: socketUrl(host), host, pid, startedAtMs, adopted, stop };
  } finally {
    await lock.release();
  }
}
