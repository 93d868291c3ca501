import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from './data-folder.js';

describe('openDataFolder', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'tally-data-'));
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  it('makes the folder, leaves no trace of the probe, and closes it to listing', async () => {
    const { root, keys } = await openDataFolder(join(parent, 'a', '.tally'));
    expect(readdirSync(root)).toEqual([]);
    expect(statSync(root).mode & 0o777).toBe(0o711);
    expect(keys).toBe(join(root, 'keys'));
  });

  it('H: names a folder that cannot be written, and what to do', async () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    await expect(openDataFolder(join(file, '.tally'))).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_UNWRITABLE',
      message: expect.stringContaining(join(file, '.tally')),
      hint: expect.stringContaining('--data'),
    });
  });

  it('H: ends below a folder that is there and takes nothing', async () => {
    await expect(openDataFolder('/proc/tally/data')).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_UNWRITABLE',
      message: expect.stringContaining('/proc/tally/data'),
    });
  });
});
