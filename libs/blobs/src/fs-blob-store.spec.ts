import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FsBlobStore } from './fs-blob-store.js';
import { blobStoreContract } from './testing/blob-store.contract.js';

const CONTENT = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) & 255);

describe('FsBlobStore', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tally-blobs-'));
  });
  afterEach(async () => rm(home, { recursive: true, force: true }));
  const make = (): FsBlobStore => new FsBlobStore({ folder: join(home, 'deep', 'blobs') });

  blobStoreContract(async () => new FsBlobStore({ folder: join(home, crypto.randomUUID()) }));

  it('names files by shard and hash and leaves no draft', async () => {
    const store = make();
    const id = await store.put(CONTENT);
    expect(store.path(id)).toBe(join(store.folder, id.slice(0, 2), id));
    expect(new Uint8Array(await readFile(store.path(id)))).toEqual(CONTENT);
    expect(await readdir(join(store.folder, 'drafts'))).toEqual([]);
  });

  it('says STORE_BLOB_DAMAGED when a bit flipped on disk, and heals by putting again', async () => {
    const store = make();
    const id = await store.put(CONTENT);
    const flipped = Uint8Array.from(CONTENT);
    flipped[1234] ^= 1;
    await writeFile(store.path(id), flipped);
    await expect(store.get(id)).rejects.toMatchObject({
      code: 'STORE_BLOB_DAMAGED',
      meta: { sha256: id, got: sha256(flipped) },
    });
    await store.put(CONTENT);
    expect(await store.get(id)).toEqual(CONTENT);
  });

  it.each(['adopt', 'adoptSynced'] as const)('%ss a spooled file under its hash', async (adopt) => {
    const store = make();
    const spooled = join(home, 'upload');
    await writeFile(spooled, CONTENT);
    const id = sha256(CONTENT);
    await store[adopt](spooled, id);
    expect(await store.get(id)).toEqual(CONTENT);
    expect(await store.size(id)).toBe(CONTENT.length);
    expect(await readdir(home)).not.toContain('upload');
  });

  it('streams whole blobs and ranges', async () => {
    const store = make();
    const id = await store.put(CONTENT);
    const read = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of stream) pieces.push(piece);
      return new Uint8Array(Buffer.concat(pieces));
    };
    expect(await read(store.readStream(id))).toEqual(CONTENT);
    expect(await read(store.readStream(id, { start: 10, end: 2999 }))).toEqual(
      CONTENT.slice(10, 2999),
    );
  });

  it('sweeps drafts of a killed process and nothing else', async () => {
    const store = make();
    const id = await store.put(CONTENT);
    await writeFile(join(store.folder, 'drafts', 'half'), 'x');
    await store.sweepDrafts();
    expect(await readdir(store.folder)).not.toContain('drafts');
    expect(await store.get(id)).toEqual(CONTENT);
    await store.put(new Uint8Array(1));
  });

  it('builds no path from anything but a hash', () => {
    const sly: Hash = '../../etc/passwd' as Hash;
    expect(() => make().path(sly)).toThrow(RangeError);
  });

  it('says STORE_BLOB_MISSING when asked for the size of an absent blob', async () => {
    await expect(make().size(sha256(CONTENT))).rejects.toMatchObject({
      code: 'STORE_BLOB_MISSING',
    });
  });
});
