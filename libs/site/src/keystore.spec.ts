import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asRunId } from '@tallystick/kernel';
import { signerFromSeed } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exposedKeys, loadNodeKey, loadOrCreateKeys, receiptSalt, saltSecret } from './keystore.js';
import { TEST_CHAIN } from './testing/index.js';

describe('keys of a site', () => {
  let folder = '';
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'tally-keys-')), 'site');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  it('are made once, differ, and are readable by their owner alone', async () => {
    const keys = await loadOrCreateKeys(folder);
    const again = await loadOrCreateKeys(folder);
    expect(again.node.key).toBe(keys.node.key);
    expect(again.owner.key).toBe(keys.owner.key);
    expect(keys.node.key).not.toBe(keys.owner.key);
    expect((await stat(join(folder, 'node.key'))).mode & 0o777).toBe(0o600);
    expect(await exposedKeys(folder)).toEqual([]);
    await chmod(join(folder, 'owner.key'), 0o644);
    expect(await exposedKeys(folder)).toEqual([join(folder, 'owner.key')]);
    await rm(join(folder, 'owner.key'));
    expect((await loadNodeKey(folder)).key).toBe(keys.node.key);
  });

  it('name the file that is missing or is no key', async () => {
    await expect(loadNodeKey(folder)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
      message: expect.stringContaining('node.key'),
    });
    await loadOrCreateKeys(folder);
    await writeFile(join(folder, 'node.key'), 'no key');
    await expect(loadNodeKey(folder)).rejects.toMatchObject({ code: 'DATA_FILE_UNREADABLE' });
  });
});

describe('receiptSalt', () => {
  const secret = saltSecret(signerFromSeed(new Uint8Array(32).fill(1)));
  const at = { chain: TEST_CHAIN, run: asRunId(1), round: 2 };

  it('follows from the key, and changes with everything it is made of', () => {
    const salt = receiptSalt(secret, at);
    expect(salt).toMatch(/^[0-9a-f]{32}$/);
    expect(receiptSalt(saltSecret(signerFromSeed(new Uint8Array(32).fill(1))), at)).toBe(salt);
    const others = [
      receiptSalt(saltSecret(signerFromSeed(new Uint8Array(32).fill(2))), at),
      receiptSalt(secret, { ...at, run: asRunId(2) }),
      receiptSalt(secret, { ...at, round: 1 }),
      receiptSalt(secret, { ...at, run: asRunId(2), round: 1 }),
    ];
    expect(new Set([salt, ...others]).size).toBe(5);
  });
});
