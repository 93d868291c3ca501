import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ss58Address, storageKey } from '@tallystick/chain/embedded';
import { asAccountId, asPublicKey, toHex } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { openDeployment } from './deployment.js';

describe('openDeployment', () => {
  let folder: DataFolder;

  beforeEach(async () => {
    folder = await openDataFolder(mkdtempSync(join(tmpdir(), 'tally-deployment-')));
  });

  afterEach(() => rmSync(folder.root, { recursive: true }));

  it('makes five different keys, closed to others, and a genesis once', async () => {
    const first = await openDeployment(folder);
    const keys = Object.values(first.keys).map((signer) => signer.key);
    expect(new Set(keys).size).toBe(5);
    expect(statSync(join(folder.keys, 'treasury.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(first.authorityKeyPath, 'utf8')).toContain('PRIVATE KEY');
    const again = await openDeployment(folder);
    expect(again.genesis).toBe(first.genesis);
    expect(again.instance).toBe(first.instance);
    expect(Object.values(again.keys).map((signer) => signer.key)).toEqual(keys);
  });

  it('gives every deployment a chain of its own', async () => {
    const other = await openDataFolder(mkdtempSync(join(tmpdir(), 'tally-deployment-')));
    const [here, there] = [await openDeployment(folder), await openDeployment(other)];
    rmSync(other.root, { recursive: true });
    expect(here.genesis).not.toBe(there.genesis);
    expect(ss58Address(here.keys.treasury.key)).not.toBe(ss58Address(there.keys.treasury.key));
  });

  it('makes the genesis of several validators, whose keys are elsewhere, and makes it once', async () => {
    const key = (digit: string): string => digit.repeat(64);
    const validators = [
      { account: asAccountId(key('a')), key: asPublicKey(key('b')) },
      { account: asAccountId(key('c')), key: asPublicKey(key('d')) },
    ];
    const { spec } = await openDeployment(folder, { validators });
    const valueOf = (pallet: string, item: string): string | undefined =>
      spec.genesis.raw.top[`0x${toHex(storageKey(pallet, item))}`];
    expect(valueOf('Aura', 'Authorities')).toBe(`0x08${key('b')}${key('d')}`);
    expect(valueOf('Session', 'Validators')).toBe(`0x08${key('a')}${key('c')}`);
    expect(valueOf('Council', 'Members')).toBe(`0x08${key('a')}${key('c')}`);
    expect(valueOf('Sudo', 'Key')).toBeUndefined();
    expect(valueOf('Tally', 'Embedded')).not.toBe('0x01');
    await expect(openDeployment(folder, { validators })).rejects.toMatchObject({
      code: 'LEDGER_GENESIS_INVALID',
    });
    expect((await openDeployment(folder)).spec).toEqual(spec);
  });

  it('makes one deployment when two start at once', async () => {
    const [a, b] = await Promise.all([openDeployment(folder), openDeployment(folder)]);
    expect(a.genesis).toBe(b.genesis);
  });

  it('refuses a genesis whose keys are gone, naming the file', async () => {
    await openDeployment(folder);
    const lost = join(folder.keys, 'registrar.key');
    rmSync(lost);
    await expect(openDeployment(folder)).rejects.toMatchObject({
      code: 'LEDGER_GENESIS_INVALID',
      message: expect.stringContaining(lost),
    });
  });
});
