import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asPublicKey, TallyError } from '@tallystick/kernel';
import {
  durableWrite,
  fsyncFolder,
  hasErrno,
  loadKey,
  loadOrCreateKey,
  type NodeSigner,
} from '@tallystick/kernel/node';
import { z } from 'zod';
import type { ReceiptLog } from './log/receipt-log.js';

/** A node key that the chain has, and this site's process does not use yet. */
const Rotation = z.strictObject({
  key: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .transform(asPublicKey),
  keyEpoch: z.int().min(0),
});
type Rotation = z.infer<typeof Rotation>;

const nodeKey = (folder: string): string => join(folder, 'node.key');
const nextKey = (folder: string): string => join(folder, 'next.key');
const note = (folder: string): string => join(folder, 'rotation.json');

/** The key that a rotation registers; the same one again after it broke off. */
export function loadOrCreateNextKey(folder: string): Promise<NodeSigner> {
  return loadOrCreateKey(nextKey(folder));
}

/** Tells the process of the node that the chain has the next key; it goes over to it between two tasks. */
export async function noteRotation(folder: string, rotation: Rotation): Promise<void> {
  await durableWrite(note(folder), `${JSON.stringify(rotation)}\n`);
}

export async function isRotationNoted(folder: string): Promise<boolean> {
  return (await readNote(folder)) !== undefined;
}

/**
 * Goes over to the key of a noted rotation: first the log says whose receipts follow, then the key takes its place. Broken
 * off anywhere, it goes on the next time. The old key is overwritten: nothing is signed with it any more.
 */
export async function adoptRotation(folder: string, log: ReceiptLog): Promise<boolean> {
  const rotation = await readNote(folder);
  const { identity } = log;
  if (rotation === undefined || identity === undefined) return false;
  const { key, keyEpoch } = rotation;
  if ((await loadKey(nodeKey(folder))).key !== key) {
    const next = await loadKey(nextKey(folder));
    if (next.key !== key) {
      const reason = `it is key ${next.key}, the chain has ${key}`;
      throw new TallyError('DATA_FILE_UNREADABLE', { file: nextKey(folder), reason });
    }
    if (identity.key !== key) await log.append({ ...identity, key, keyEpoch });
    await rename(nextKey(folder), nodeKey(folder));
    await fsyncFolder(folder);
  }
  await rm(note(folder), { force: true });
  return true;
}

async function readNote(folder: string): Promise<Rotation | undefined> {
  const file = note(folder);
  try {
    return Rotation.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}
