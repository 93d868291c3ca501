import { mkdir, readdir } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';

/** Makes `folder`, or takes it when it is empty. Throws CONFIG_FOLDER_UNWRITABLE. */
export async function makeEmpty(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length > 0) throw new RangeError('it is not empty');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
  }
}
