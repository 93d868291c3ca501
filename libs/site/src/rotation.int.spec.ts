import { access, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asOrganisationId } from '@tallystick/kernel';
import { loadKey, loadOrCreateKey, saveKey, generateKey } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReceiptLog } from './log/receipt-log.js';
import { readNodeLog } from './log/read-node-log.js';
import { adoptRotation, isRotationNoted, loadOrCreateNextKey, noteRotation } from './rotation.js';
import { TEST_CHAIN } from './testing/index.js';

describe('adoptRotation', () => {
  let folder: string;
  let log: ReceiptLog;
  const file = (name: string): string => join(folder, name);
  const exists = (name: string): Promise<boolean> =>
    access(file(name)).then(
      () => true,
      () => false,
    );
  const nodeKey = async () => (await loadKey(file('node.key'))).key;
  const open = async (): Promise<void> => {
    log = await ReceiptLog.open(file('receipts.log'));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-rotation-'));
    const { key } = await loadOrCreateKey(file('node.key'));
    await open();
    await log.append({
      type: 'identity',
      chain: TEST_CHAIN,
      node: asNodeId(3),
      keyEpoch: 0,
      key,
      coordinatorKey: generateKey().key,
      organisation: asOrganisationId(1),
    });
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true });
  });

  it('does nothing without a note', async () => {
    expect(await isRotationNoted(folder)).toBe(false);
    expect(await adoptRotation(folder, log)).toBe(false);
  });

  it('writes whose receipts follow, then the key takes its place', async () => {
    const old = await nodeKey();
    const { key } = await loadOrCreateNextKey(folder);
    expect((await loadOrCreateNextKey(folder)).key).toBe(key);
    await noteRotation(folder, { key, keyEpoch: 1 });
    expect(await adoptRotation(folder, log)).toBe(true);
    expect(await nodeKey()).toBe(key);
    expect(await exists('next.key')).toBe(false);
    expect(await isRotationNoted(folder)).toBe(false);
    await log.close();
    const { identities } = await readNodeLog(file('receipts.log'));
    expect(identities.map((line) => [line.keyEpoch, line.key])).toEqual([
      [0, old],
      [1, key],
    ]);
    expect(identities[1]?.node).toBe(3);
    await open();
  });

  it('goes on wherever it was broken off, and names the new key once', async () => {
    const { key } = await loadOrCreateNextKey(folder);
    await noteRotation(folder, { key, keyEpoch: 1 });
    await copyFile(file('next.key'), file('kept.key'));
    await adoptRotation(folder, log);
    // Killed after the line: the key files are as before.
    await copyFile(file('kept.key'), file('next.key'));
    await saveKey(file('node.key'), generateKey());
    await noteRotation(folder, { key, keyEpoch: 1 });
    expect(await adoptRotation(folder, log)).toBe(true);
    expect(await nodeKey()).toBe(key);
    // Killed after the rename: only the note is left.
    await noteRotation(folder, { key, keyEpoch: 1 });
    expect(await adoptRotation(folder, log)).toBe(true);
    await log.close();
    expect((await readNodeLog(file('receipts.log'))).identities).toHaveLength(2);
    await open();
  });

  it('takes no key that the chain does not have, and no note that is none', async () => {
    await loadOrCreateNextKey(folder);
    await noteRotation(folder, { key: generateKey().key, keyEpoch: 1 });
    const before = await nodeKey();
    await expect(adoptRotation(folder, log)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
    expect(await nodeKey()).toBe(before);
    expect(log.identity?.keyEpoch).toBe(0);
    await writeFile(file('rotation.json'), '{"key":1}');
    await expect(adoptRotation(folder, log)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });
});
