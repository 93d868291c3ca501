import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';

/**
 * Keeps a folder to one process: a lock file that names its owner. The owner of a lock left by kill -9 is dead, or its
 * process number was given to a process that started at another time; then the lock is taken over.
 */
export class FolderLock {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** Throws CONFIG_LOCKED while another process holds the folder, CONFIG_FOLDER_UNWRITABLE when no file can be made. */
  static take(folder: string): FolderLock {
    const path = join(folder, 'blocks.lock');
    const text = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? '' });
    const draft = `${path}.${process.pid}`;
    writeDraft(folder, draft, text);
    try {
      for (;;) {
        if (link(draft, path)) return new FolderLock(path, text);
        removeDead(folder, path);
      }
    } finally {
      rmSync(draft, { force: true });
    }
  }

  release(): void {
    if (read(this.#path) === this.#text) rmSync(this.#path, { force: true });
  }
}

function writeDraft(folder: string, draft: string, text: string): void {
  try {
    writeFileSync(draft, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
  }
}

/** A link is made only if nothing is there, and it is complete at once; false: somebody holds the lock. */
function link(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves a dead owner's lock away. Two processes may judge at once: who moved a living one puts it back. */
function removeDead(folder: string, path: string): void {
  const seen = read(path);
  if (seen === undefined) return;
  const pid = livingOwner(seen);
  if (pid !== undefined) throw new TallyError('CONFIG_LOCKED', { folder, pid });
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if (read(aside) !== seen) link(aside, path);
  rmSync(aside, { force: true });
}

/** Process number in a lock whose owner is alive; undefined when it is dead or the lock says nothing. */
function livingOwner(text: string): number | undefined {
  const owner = parseOwner(text);
  if (owner === undefined) return undefined;
  const { pid, startedAt } = owner;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return undefined;
  }
  const start = startOf(pid);
  return start !== undefined && start !== startedAt ? undefined : pid;
}

function parseOwner(text: string): { pid: number; startedAt: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    const { pid } = value;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, startedAt: 'startedAt' in value ? value.startedAt : undefined };
  } catch {
    return undefined;
  }
}

/** When a process started, in ticks since boot (proc(5) stat, field 22); undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
