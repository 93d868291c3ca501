import { type ChildProcess, spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/kernel';
import { answers } from './answers.js';
import type { Home } from './home.js';
import { ENVIRONMENT } from './init.js';
import { type Postmaster, readPostmaster, serversOf } from './postmaster.js';
import { readLogSince, rotateLog } from '../server-log.js';
import { makeSocketFolder, SOCKET_PORT } from './socket-folder.js';

/** `test` trades every promise about power cuts for speed. */
export type Durability = 'safe' | 'test';

const POLL_MS = 10;
/** Recovery after a kill -9 took 3.2 s on a busy disk; a minute means that something else is wrong. */
const DEADLINE_MS = 60_000;
/** Fast shutdown writes a checkpoint (58 ms to 1.9 s measured). */
const STOP_MS = 30_000;

const SETTINGS = [
  'listen_addresses=',
  'unix_socket_permissions=0700',
  `port=${SOCKET_PORT}`,
  'shared_buffers=32MB',
  'max_connections=100',
  'io_method=sync',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
] as const;

const UNSAFE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] as const;

function failure(home: Home, reason: string): TallyError {
  return new TallyError('STORE_POSTGRES_START', { reason, log: home.log });
}

/** The server of this cluster that is up already, after waiting for one that comes or goes; undefined when none is left. */
export async function findRunning(
  home: Home,
  signal?: AbortSignal,
): Promise<Postmaster | undefined> {
  const untilMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const [postmaster, servers] = [await readPostmaster(home.data), await serversOf(home.data)];
    const [first] = servers;
    if (first === undefined) return undefined;
    if (postmaster?.status === 'ready' && servers.includes(postmaster.pid)) {
      if (await answers(postmaster.socketFolder)) return postmaster;
    }
    if (performance.now() > untilMs) throw failure(home, `process ${first} holds ${home.data}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Starts the server; resolves when it answers. What a killed server left behind is removed first. */
export async function startServer(
  home: Home,
  durability: Durability,
  signal?: AbortSignal,
): Promise<Postmaster> {
  const stale = await readPostmaster(home.data);
  if (stale !== undefined) await rm(stale.socketFolder, { recursive: true, force: true });
  await rm(join(home.data, 'postmaster.pid'), { force: true });
  const socketFolder = await makeSocketFolder(home);
  await rotateLog(home.log);
  const log = await open(home.log, 'a');
  const since = (await log.stat()).size;
  const settings = [
    ...SETTINGS,
    ...(durability === 'test' ? UNSAFE : []),
    `unix_socket_directories=${socketFolder}`,
  ];
  // Detached and away from our terminal: Ctrl-C must reach us alone, and our death must not stop a transaction.
  const child = spawn(
    home.binaries.postgres,
    ['-D', home.data, ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...home.owner,
      cwd: '/',
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  child.unref();
  await log.close();
  try {
    return await untilReady(home, child, since, signal);
  } catch (error) {
    child.kill('SIGQUIT');
    await rm(socketFolder, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(
  home: Home,
  child: ChildProcess,
  since: number,
  signal?: AbortSignal,
): Promise<Postmaster> {
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  const untilMs = performance.now() + DEADLINE_MS;
  for (;;) {
    await sleep(POLL_MS, undefined, { signal });
    if (spawnError !== undefined) throw failure(home, spawnError.message);
    if (child.exitCode !== null || child.signalCode !== null) {
      throw failure(home, await readLogSince(home.log, since));
    }
    const postmaster = await readPostmaster(home.data);
    if (postmaster?.pid === child.pid && postmaster?.status === 'ready') return postmaster;
    if (performance.now() > untilMs) throw failure(home, `not ready after ${DEADLINE_MS} ms`);
  }
}

/** Stops the server in order: fast, then without a checkpoint. Harmless when it is gone, or another took its place. */
export async function stopServer(home: Home, { pid, socketFolder }: Postmaster): Promise<void> {
  if (!(await serversOf(home.data)).includes(pid)) return;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(pid, signal);
    const untilMs = performance.now() + STOP_MS;
    while (performance.now() < untilMs) {
      if ((await serversOf(home.data)).length === 0) {
        await rm(socketFolder, { recursive: true, force: true });
        return;
      }
      await sleep(POLL_MS);
    }
  }
  throw failure(home, `process ${pid} does not stop`);
}
