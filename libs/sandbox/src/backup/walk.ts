import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';

/** Relative paths with slashes, sorted; a folder stands before what is in it. */
export interface Tree {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/**
 * All folders and files below `root` that `isWanted`, which is asked for each before it is entered. The entries of `root`
 * itself may be links, as operators put a folder on another disk; anything deeper that is neither folder nor file is
 * refused with DATA_FILE_UNREADABLE, since a copy could not say what it was.
 */
export async function walk(root: string, isWanted: (path: string) => boolean): Promise<Tree> {
  const [folders, files]: [string[], string[]] = [[], []];
  const enter = async (folder: string): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!isWanted(path)) continue;
      const kind = folder === '' && entry.isSymbolicLink() ? await stat(join(root, path)) : entry;
      if (kind.isFile()) files.push(path);
      else if (kind.isDirectory()) {
        folders.push(path);
        await enter(path);
      } else throw unknown(join(root, path));
    }
  };
  await enter('');
  return { folders, files };
}

function unknown(file: string): TallyError {
  return new TallyError('DATA_FILE_UNREADABLE', { file, reason: 'neither a file nor a folder' });
}
