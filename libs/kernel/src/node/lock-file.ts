import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '../index.js';
import { hasErrno } from './has-errno.js';
import { processBirth } from './process-birth.js';

/** Who holds a lock file, as written in it. */
export interface LockHolder {
  readonly pid: number;
  /** What `processBirth` said of the holder when it took the lock. */
  readonly birth: string;
  readonly startedAtMs: number;
  /** Where the holder listens, once it does. */
  readonly port?: number;
}

/** How long to wait for a living holder; 0 asks once. */
export interface AcquireOptions {
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const POLL_MS = 50;
/** A dead holder's lock is taken over in milliseconds; a file system that lies about it is not waited for. */
const STALE_MS = 5_000;

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, birth, startedAtMs, port }: Partial<Record<keyof LockHolder, unknown>> = value;
  return (
    typeof pid === 'number' &&
    typeof birth === 'string' &&
    typeof startedAtMs === 'number' &&
    (port === undefined || typeof port === 'number')
  );
}

function parse(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isAlive(holder: LockHolder | undefined): Promise<boolean> {
  return holder !== undefined && (await processBirth(holder.pid)) === holder.birth;
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
    return draft;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: dirname(path), reason }, error);
  }
}

/** Creates `path` with its whole content, or says that somebody else has. */
async function create(path: string, text: string): Promise<boolean> {
  const draft = await writeDraft(path, text);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Replaces the file of a dead holder, unless somebody was quicker. The guard admits one at a time between
 * looking and replacing; without it two of twenty simultaneous waiters could both succeed (1 run in 100).
 */
async function takeOver(path: string, stale: string, text: string): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await create(guard, text))) {
    const guarding = await readText(guard);
    if (guarding !== undefined && !(await isAlive(parse(guarding))))
      await rm(guard, { force: true });
    return false;
  }
  try {
    if ((await readText(path)) !== stale) return false;
    await rename(await writeDraft(path, text), path);
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * A file that at most one living process holds. It outlives a kill -9 and is then taken over: the holder is
 * named by pid and birth, so that a recycled pid does not keep it.
 */
export class LockFile {
  readonly #path: string;
  #holder: LockHolder;

  private constructor(path: string, holder: LockHolder) {
    this.#path = path;
    this.#holder = holder;
  }

  /** The living holder of the lock at `path`; undefined when nobody holds it. */
  static async read(path: string): Promise<LockHolder | undefined> {
    const text = await readText(path);
    const holder = text === undefined ? undefined : parse(text);
    return (await isAlive(holder)) ? holder : undefined;
  }

  /**
   * Takes the lock for this process. Throws CONFIG_LOCKED when a living holder, this process included, keeps it for longer
   * than `waitMs`, and CONFIG_FOLDER_UNWRITABLE when no file can be made.
   */
  static async acquire(path: string, options: AcquireOptions = {}): Promise<LockFile> {
    const { waitMs = 0, signal } = options;
    const birth = (await processBirth(process.pid)) ?? 'unknown';
    const holder: LockHolder = { pid: process.pid, birth, startedAtMs: Date.now() };
    const own = JSON.stringify(holder);
    const untilMs = performance.now() + waitMs;
    while (!(await create(path, own))) {
      signal?.throwIfAborted();
      const text = await readText(path);
      const other = text === undefined ? undefined : parse(text);
      const isHeld = text !== undefined && (await isAlive(other));
      if (text !== undefined && !isHeld && (await takeOver(path, text, own))) break;
      if (isHeld && performance.now() >= untilMs) {
        throw new TallyError('CONFIG_LOCKED', { folder: dirname(path), pid: other?.pid ?? 0 });
      }
      if (performance.now() >= untilMs + STALE_MS) {
        const reason = `the lock ${path} can neither be taken nor read`;
        throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: dirname(path), reason });
      }
      await sleep(POLL_MS, undefined, { signal });
    }
    return new LockFile(path, holder);
  }

  get holder(): LockHolder {
    return this.#holder;
  }

  /** Adds the port, for whoever reads the file. */
  async setPort(port: number): Promise<void> {
    this.#holder = { ...this.#holder, port };
    await rename(await writeDraft(this.#path, JSON.stringify(this.#holder)), this.#path);
  }

  /** Gives the lock back; harmless when it was given back already. */
  async release(): Promise<void> {
    const text = await readText(this.#path);
    const holder = text === undefined ? undefined : parse(text);
    if (holder?.pid === this.#holder.pid && holder.startedAtMs === this.#holder.startedAtMs) {
      await rm(this.#path, { force: true });
    }
  }
}
