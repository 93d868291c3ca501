import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockFile } from './lock-file.js';
import { parsePs, processBirth } from './process-birth.js';

describe('processBirth', () => {
  it('names a living process and no dead one', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(await processBirth(process.pid)).toBe(await processBirth(process.pid));
    expect(await processBirth(process.pid)).not.toBe(await processBirth(process.ppid));
    expect(await processBirth(pid)).toBeUndefined();
  });

  it('reads ps where there is no /proc', () => {
    expect(parsePs('Ss   Tue Nov 24 22:49:03 2026\n')).toBe('Tue Nov 24 22:49:03 2026');
    expect(parsePs('Z    Tue Nov 24 22:49:03 2026\n')).toBeUndefined();
    expect(parsePs('')).toBeUndefined();
  });
});

describe('LockFile', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-lock-'));
    path = join(folder, 'lock.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('is held by one at a time, tells by whom and where, and leaves nothing behind', async () => {
    const lock = await LockFile.acquire(path);
    await lock.setPort(7700);
    expect(await LockFile.read(path)).toMatchObject({ pid: process.pid, port: 7700 });
    await expect(LockFile.acquire(path)).rejects.toMatchObject({
      code: 'CONFIG_LOCKED',
      meta: { folder, pid: process.pid },
    });
    await lock.release();
    await lock.release();
    expect(await LockFile.read(path)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('waits for a living holder', async () => {
    const first = await LockFile.acquire(path);
    const second = LockFile.acquire(path, { waitMs: 10_000 });
    await first.release();
    expect(await second).toBeInstanceOf(LockFile);
  });

  it('takes over from a dead process, from a recycled pid and from a torn file', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (const text of [
      JSON.stringify({ pid, birth: 'x', startedAtMs: 1 }),
      JSON.stringify({ pid: process.pid, birth: 'another boot/1', startedAtMs: 1 }),
      '{"pid": 12',
    ]) {
      writeFileSync(path, text);
      expect(await LockFile.read(path)).toBeUndefined();
      const lock = await LockFile.acquire(path);
      await lock.release();
    }
  });

  it('lets exactly one of many take over', async () => {
    for (let turn = 0; turn < 8; turn++) {
      writeFileSync(path, '');
      const attempts = await Promise.allSettled(
        Array.from({ length: 20 }, () => LockFile.acquire(path)),
      );
      const held = attempts.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(held).toHaveLength(1);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(held[0]?.holder);
    }
  });

  it('does not release what somebody else took', async () => {
    const lock = await LockFile.acquire(path);
    const other = JSON.stringify({ pid: 1, birth: 'x', startedAtMs: 2 });
    writeFileSync(path, other);
    await lock.release();
    expect(readFileSync(path, 'utf8')).toBe(other);
  });
});
