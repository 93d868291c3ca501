import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './with-lock.mjs';

describe('withLock', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-lock-'));
    path = join(folder, 'build.lock');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('lets one caller in at a time and leaves nothing behind', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      inside--;
    };
    await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it('takes the lock of a dead process', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(path, `${pid}`);
    await expect(withLock(path, () => 'done')).resolves.toBe('done');
  });

  it('releases after a failure', async () => {
    await expect(
      withLock(path, () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });
});
