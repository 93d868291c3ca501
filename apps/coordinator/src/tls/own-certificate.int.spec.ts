import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger, SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leafOf, pinOf } from './key-pair.js';
import { ownSource } from './own-certificate.js';

const DAY_MS = 86_400_000;

describe('ownSource', () => {
  let folder: string;
  let clock: VirtualClock;
  const source = (names: readonly string[] = ['coordinator.test', '10.0.0.5']) =>
    ownSource({
      keyFile: join(folder, 'tls.key'),
      certificateFile: join(folder, 'tls.crt'),
      names,
      clock,
      entropy: new SeededEntropy(1),
      logger: new MemoryLogger(),
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-tls-'));
    clock = new VirtualClock();
    await clock.advance(365 * DAY_MS);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a certificate once, and a key that others cannot read', async () => {
    const first = await source()();
    expect((await stat(join(folder, 'tls.key'))).mode & 0o777).toBe(0o600);
    const leaf = leafOf(first);
    expect(leaf.checkHost('coordinator.test')).toBe('coordinator.test');
    expect(leaf.checkIP('10.0.0.5')).toBe('10.0.0.5');
    expect(await source()()).toEqual(first);
  });

  it('renews 30 days before the end with the same key, so that pins hold', async () => {
    const take = source();
    const first = leafOf(await take());
    const endMs = Date.parse(first.validTo);
    await clock.advance(endMs - 31 * DAY_MS - clock.nowMs());
    expect(leafOf(await take()).serialNumber).toBe(first.serialNumber);
    await clock.advance(2 * DAY_MS);
    const second = leafOf(await take());
    expect(second.serialNumber).not.toBe(first.serialNumber);
    expect(Date.parse(second.validTo)).toBeGreaterThan(endMs);
    expect(pinOf(second)).toBe(pinOf(first));
    expect(pinOf(first)).toBeDefined();
  });

  it('makes another one when it is called otherwise', async () => {
    const first = leafOf(await source()());
    const second: X509Certificate = leafOf(await source(['new.test'])());
    expect(second.checkHost('new.test')).toBe('new.test');
    expect(pinOf(second)).toBe(pinOf(first));
  });
});
