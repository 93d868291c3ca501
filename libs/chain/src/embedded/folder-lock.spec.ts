import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTallyError } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderLock } from './folder-lock.js';

describe('folder lock', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-lock-'));
    path = join(folder, 'blocks.lock');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function refusal(): unknown {
    try {
      FolderLock.take(folder);
    } catch (error) {
      return error;
    }
    return undefined;
  }

  test('one process at a time; free again after release', () => {
    const lock = FolderLock.take(folder);
    const error = refusal();
    expect(isTallyError(error, 'CONFIG_LOCKED') && error.message).toContain(`${process.pid}`);
    lock.release();
    FolderLock.take(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('the lock of a killed process is taken over', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(path, JSON.stringify({ pid, startedAt: '1' }));
    const lock = FolderLock.take(folder);
    expect(readFileSync(path, 'utf8')).toContain(`"pid":${process.pid}`);
    lock.release();
  });

  test.runIf(process.platform === 'linux')('so is one whose number belongs to another process by now', () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: '1' }));
    FolderLock.take(folder).release();
  });

  test('a lock that says nothing belongs to nobody', () => {
    for (const text of ['', '{', '[]', '{"pid":"x"}', '{"pid":-1}']) {
      writeFileSync(path, text);
      FolderLock.take(folder).release();
    }
  });

  test('release leaves a lock alone that somebody else holds by now', () => {
    const lock = FolderLock.take(folder);
    writeFileSync(path, '{"pid":1,"startedAt":"x"}');
    lock.release();
    expect(readFileSync(path, 'utf8')).toContain('"pid":1');
  });

  test('a folder that cannot be written is named', () => {
    folder = join(folder, 'missing');
    const error = refusal();
    expect(isTallyError(error, 'CONFIG_FOLDER_UNWRITABLE') && error.message).toContain(folder);
  });
});
