import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '@tallystick/blobs';
import { sha256 } from '@tallystick/kernel/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerFolderFactory } from './worker-folder-factory.js';

const CONTENT = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 31) & 255);

describe('hashes in workers', () => {
  let home: string;
  let factory: WorkerFolderFactory;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tally-hash-'));
    const blobs = new FsBlobStore({ folder: join(home, 'blobs') });
    factory = new WorkerFolderFactory({ blobs, workers: 2 });
    await writeFile(join(home, 'file'), CONTENT);
    await writeFile(join(home, 'empty'), '');
  });
  afterAll(async () => {
    await factory.close();
    await rm(home, { recursive: true, force: true });
  });

  it('hashes whole files', async () => {
    expect(await factory.hashFile(join(home, 'file'))).toBe(sha256(CONTENT));
    expect(await factory.hashFile(join(home, 'empty'))).toBe(sha256());
    await expect(factory.hashFile(join(home, 'none'))).rejects.toMatchObject({
      code: 'STORE_BLOB_MISSING',
    });
  });

  it('keeps many running hashes apart and leaves the pieces to the caller', async () => {
    const streams = await Promise.all(Array.from({ length: 5 }, () => factory.hashStream()));
    const piece = new Uint8Array(1000);
    for (let at = 0; at < 20; at++) {
      for (const [index, stream] of streams.entries()) {
        const updated = stream.update(piece.fill(index + at));
        piece.fill(99);
        await updated;
      }
    }
    for (const [index, stream] of streams.entries()) {
      const pieces = Array.from({ length: 20 }, (_, at) => new Uint8Array(1000).fill(index + at));
      expect(await stream.digest()).toBe(sha256(...pieces));
    }
  });

  it('goes on from the spooled part of a file', async () => {
    const prefix = { path: join(home, 'file'), bytes: 300_000 };
    const stream = await factory.hashStream(prefix);
    await stream.update(CONTENT.subarray(300_000));
    expect(await stream.digest()).toBe(sha256(CONTENT));
    await expect(factory.hashStream({ ...prefix, bytes: 700_002 })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  it('refuses more streams than its bound and takes more after some ended', async () => {
    const streams = await Promise.all(Array.from({ length: 256 }, () => factory.hashStream()));
    await expect(factory.hashStream()).rejects.toMatchObject({ code: 'INTERNAL_OVERFLOW' });
    await streams[0].abort();
    await streams[0].abort();
    await streams[1].digest();
    await expect(streams[1].update(CONTENT)).rejects.toMatchObject({ code: 'INTERNAL' });
    const again = await Promise.all([factory.hashStream(), factory.hashStream()]);
    await expect(factory.hashStream()).rejects.toMatchObject({ code: 'INTERNAL_OVERFLOW' });
    await Promise.all([...streams.slice(2), ...again].map((stream) => stream.abort()));
  });
});
