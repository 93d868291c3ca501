import { link, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublicKey } from '@tallystick/kernel';
import {
  fsyncFolder,
  hasErrno,
  loadKey,
  loadOrCreateKey,
  type NodeSigner,
} from '@tallystick/kernel/node';
import type { DataFolder } from './data-folder.js';

/**
 * Files of the coordinator key: `coordinator.key` signs, `coordinator-next.key` is to take its place, and
 * `coordinator-<16 digits>.key` were before it. They stay: what they signed is signed again for whoever asks.
 */
const CURRENT = 'coordinator.key';
const NEXT = 'coordinator-next.key';
const FORMER = /^coordinator-[0-9a-f]{16}\.key$/;

export interface OtherCoordinatorKeys {
  readonly next?: NodeSigner;
  readonly former: readonly NodeSigner[];
}

/** What lies beside the coordinator key. */
export async function loadOtherCoordinators({ keys }: DataFolder): Promise<OtherCoordinatorKeys> {
  const names = (await readdir(keys)).filter((name) => FORMER.test(name)).toSorted();
  const former = await Promise.all(names.map((name) => loadKey(join(keys, name))));
  const path = join(keys, NEXT);
  return (await isThere(path)) ? { next: await loadKey(path), former } : { former };
}

/** Public keys, for people; undefined when the folder holds no deployment. */
export async function coordinatorKeysIn(folder: DataFolder): Promise<
  | {
      readonly current: PublicKey;
      readonly next?: PublicKey;
      readonly former: readonly PublicKey[];
    }
  | undefined
> {
  const path = join(folder.keys, CURRENT);
  if (!(await isThere(path))) return undefined;
  const { next, former } = await loadOtherCoordinators(folder);
  return {
    current: (await loadKey(path)).key,
    ...(next && { next: next.key }),
    former: former.map(({ key }) => key),
  };
}

/** Makes the key that is to follow, or finds the one that was made before; nothing signs with it yet. */
export async function makeNextCoordinator({ keys }: DataFolder): Promise<PublicKey> {
  return (await loadOrCreateKey(join(keys, NEXT))).key;
}

/** The next key becomes the coordinator key, and the one before stays beside it. Durable when it resolves. */
export async function promoteNextCoordinator({ keys }: DataFolder): Promise<void> {
  const current = join(keys, CURRENT);
  const { key } = await loadKey(current);
  await link(current, join(keys, `coordinator-${key.slice(0, 16)}.key`)).catch((error: unknown) => {
    if (!hasErrno(error, 'EEXIST')) throw error; // a start that was cut off here
  });
  await fsyncFolder(keys);
  await rename(join(keys, NEXT), current);
  await fsyncFolder(keys);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
