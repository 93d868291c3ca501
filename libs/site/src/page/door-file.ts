import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import { z } from 'zod';

const FILE = 'page.json';

/** Where the page of a running node is, and what a link to it is asked for with. Whoever may read the keys may read it. */
const DoorFile = z.strictObject({ url: z.url({ protocol: /^http$/ }), key: z.string().min(1) });
export type DoorFile = z.infer<typeof DoorFile>;

export async function writeDoorFile(folder: string, door: DoorFile): Promise<void> {
  await durableWrite(join(folder, FILE), `${JSON.stringify(door)}\n`, 0o600);
}

/** Rejects with USAGE_NO_PAGE when no node runs in `folder`. */
export async function readDoorFile(folder: string): Promise<DoorFile> {
  try {
    return DoorFile.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch (error) {
    throw new TallyError('USAGE_NO_PAGE', { folder }, error);
  }
}

export async function removeDoorFile(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}
