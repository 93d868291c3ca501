import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';

/** Who holds a lock. `start` tells a process from a later one with the same number (Linux; empty elsewhere). */
interface Holder {
  readonly pid: number;
  readonly start: string;
}

const ATTEMPTS = 5;

/** Field 22 of /proc/<pid>/stat: start of the process in ticks since boot. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

async function isAlive({ pid, start }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  const now = await startOf(pid);
  return start === '' || now === '' || start === now;
}

function parseHolder(text: string): Holder | undefined {
  const match = /^(\d{1,10}) (\d*)\n$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), start: match[2] ?? '' };
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return parseHolder(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Creates the lock with its content in one step; false when there is one already. */
async function tryLink(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away the lock of a dead holder; puts it back when a living one was quicker. */
async function breakLock(path: string, draft: string): Promise<void> {
  const aside = `${draft}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return; // somebody else broke it
  }
  const moved = await holderOf(aside);
  if (moved !== undefined && (await isAlive(moved))) await tryLink(aside, path);
  await rm(aside, { force: true });
}

/**
 * Takes the single-writer lock at `path` and resolves to its release. A lock left by kill -9 is taken over. Rejects
 * with CONFIG_LOCKED while its holder lives, in this process too.
 */
export async function lock(path: string): Promise<() => Promise<void>> {
  const draft = `${path}.${process.pid}.${Math.trunc(performance.now() * 1000)}`;
  await writeFile(draft, `${process.pid} ${await startOf(process.pid)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await tryLink(draft, path)) return () => rm(path, { force: true });
      const holder = await holderOf(path);
      if (holder !== undefined && (await isAlive(holder))) {
        throw new TallyError('CONFIG_LOCKED', { folder: path, pid: holder.pid });
      }
      await breakLock(path, draft);
    }
    throw new TallyError('CONFIG_LOCKED', { folder: path, pid: 'unknown' });
  } finally {
    await rm(draft, { force: true });
  }
}
