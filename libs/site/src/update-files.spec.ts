import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpdateFiles } from './update-files.js';

describe('UpdateFiles', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-updates-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([true, false])('keeps a file under its hash (durable: %s)', async (durable) => {
    const files = new UpdateFiles(join(folder, 'updates'), { durable, sha256 });
    const bytes = Uint8Array.of(1, 2, 3);
    const id = await files.put(bytes);
    expect(id).toBe(sha256(bytes));
    expect(await files.put(bytes)).toBe(id);
    expect(await files.has(id)).toBe(true);
    await writeFile(files.path(id), 'other');
    expect(await files.has(id)).toBe(false);
    expect(await files.has(sha256())).toBe(false);
  });

  it('removes what is older than it is told, and nothing that is no update', async () => {
    const files = new UpdateFiles(folder, { durable: false, sha256 });
    const old = await files.put(Uint8Array.of(1));
    const young = await files.put(Uint8Array.of(2));
    await utimes(files.path(old), 1, 1);
    await writeFile(join(folder, 'notes.txt'), '');
    await utimes(join(folder, 'notes.txt'), 1, 1);
    expect(await files.prune(2_000)).toBe(1);
    expect((await readdir(folder)).toSorted()).toEqual([`${young}.tlu`, 'notes.txt'].toSorted());
    const none = new UpdateFiles(join(folder, 'none'), { durable: false, sha256 });
    expect(await none.prune(0)).toBe(0);
  });
});
