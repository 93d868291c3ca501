import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Hash, type Logger, TallyError } from '@tallystick/kernel';
import { LockFile } from '@tallystick/kernel/node';
import { readLogSince, rotateLog } from '../server-log.js';
import { processBirth } from '@tallystick/kernel/node';
import { findChain, type LivingChain } from './announcement.js';

const ENTRY = fileURLToPath(new URL('../../../chain/dist/embedded-main.js', import.meta.url));
const POLL_MS = 20;
/** Opening compiles the runtime and checks the block log: 0.5 s when new, more with a long history. */
const DEADLINE_MS = 60_000;
const STOP_MS = 10_000;

export interface ChainOptions {
  /** Block log, output and log of the chain process. Made when it is not there. */
  readonly folder: string;
  /** Raw chain spec, JSON. */
  readonly specPath: string;
  /** PKCS#8 PEM of the authority key. */
  readonly keyPath: string;
  /** RPC port on loopback; 0 takes a free one. A chain that runs already keeps the port it has. */
  readonly port: number;
  readonly host?: string;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/** A chain process that belongs to one data folder. It lives on when this process dies. */
export interface RunningChain {
  /** JSON-RPC over WebSocket. */
  readonly url: string;
  readonly genesis: Hash;
  readonly pid: number;
  readonly startedAtMs: number;
  /** True when it ran before, for instance after our own kill -9. */
  readonly adopted: boolean;
  /** Ends the process in order. */
  stop(): Promise<void>;
}

interface Files {
  readonly output: string;
  readonly log: string;
}

/**
 * Starts the embedded chain of `folder` in a process of its own, or adopts the one that runs already. Throws
 * CONFIG_PORT_IN_USE and LEDGER_START.
 */
export async function startChain(options: ChainOptions): Promise<RunningChain> {
  const { logger, signal } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  const lock = await LockFile.acquire(join(folder, 'start.lock'), {
    waitMs: DEADLINE_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const files = { output: join(folder, 'chain.out'), log: join(folder, 'chain.log') };
    const running = await findChain(files.output);
    const chain = running ?? (await spawnChain({ ...options, folder }, files));
    const { url, genesis, pid, startedAtMs } = chain;
    const adopted = running !== undefined;
    logger.info(adopted ? 'chain.adopted' : 'chain.started', { pid, url, genesis });
    return { url, genesis, pid, startedAtMs, adopted, stop: () => stopChain(chain, files) };
  } finally {
    await lock.release();
  }
}

async function spawnChain(options: ChainOptions, files: Files): Promise<LivingChain> {
  const { folder, specPath, keyPath, port, host = '127.0.0.1' } = options;
  await rm(files.output, { force: true });
  await rotateLog(files.log);
  // Files, not pipes: the process outlives us and must not meet a closed pipe.
  const [output, log] = [await open(files.output, 'a'), await open(files.log, 'a')];
  const since = (await log.stat()).size;
  const settings = JSON.stringify({ folder, specPath, keyPath, host, port });
  const child = spawn(process.execPath, [ENTRY, settings], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', output.fd, log.fd],
  });
  child.unref();
  await output.close();
  await log.close();
  try {
    return await untilListening(child, files, options.signal);
  } catch (error) {
    child.kill('SIGKILL');
    if (!(error instanceof ExitedEarly)) throw error;
    const reason = await readLogSince(files.log, since);
    if (reason.startsWith('CONFIG_PORT_IN_USE')) {
      throw new TallyError('CONFIG_PORT_IN_USE', { port, host, option: 'TALLY_CHAIN__PORT' });
    }
    throw new TallyError('LEDGER_START', { reason, log: files.log }, error);
  }
}

/** The child ended before it listened; its log says why. */
class ExitedEarly extends Error {}

async function untilListening(
  child: ChildProcess,
  files: Files,
  signal?: AbortSignal,
): Promise<LivingChain> {
  const untilMs = performance.now() + DEADLINE_MS;
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  for (;;) {
    const chain = await findChain(files.output);
    if (chain !== undefined) return chain;
    if (spawnError !== undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new ExitedEarly(spawnError?.message ?? `exit ${child.exitCode ?? child.signalCode}`);
    }
    if (performance.now() > untilMs) {
      const reason = `it does not listen after ${DEADLINE_MS} ms`;
      throw new TallyError('LEDGER_START', { reason, log: files.log });
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Every announced block is on disk, so even the last resort loses nothing. */
async function stopChain({ pid, birth }: LivingChain, files: Files): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if ((await processBirth(pid)) === birth) process.kill(pid, signal);
    const untilMs = performance.now() + STOP_MS;
    while (performance.now() < untilMs) {
      if ((await processBirth(pid)) !== birth) return;
      await sleep(POLL_MS);
    }
  }
  throw new TallyError('LEDGER_START', { reason: `process ${pid} does not stop`, log: files.log });
}
