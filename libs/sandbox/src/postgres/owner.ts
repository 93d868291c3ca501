import { chown, lstat, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The user PostgreSQL runs as. It refuses to run as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** uid and gid of `name` in passwd(5) text. */
export function lookUp(passwd: string, name: string): Owner | undefined {
  for (const line of passwd.split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name && uid !== undefined && gid !== undefined) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

/**
 * Who will own the server: undefined means the user of this process. Root hands over to `postgres`, else
 * to `nobody`; no user is ever made.
 */
export async function findOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8');
  return lookUp(passwd, 'postgres') ?? lookUp(passwd, 'nobody');
}

/** Whether any user can pass through every folder above `path`. */
export async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Gives `path` to the owner, or leaves it as it is when that is us. */
export async function giveTo(owner: Owner | undefined, path: string): Promise<void> {
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
}

/** Whether `path` is a real folder, closed to others, that belongs to the owner. */
export async function isPrivateFolder(owner: Owner | undefined, path: string): Promise<boolean> {
  const stats = await lstat(path);
  const isPrivate = stats.isDirectory() && (stats.mode & 0o077) === 0;
  return isPrivate && stats.uid === (owner?.uid ?? process.getuid?.());
}
