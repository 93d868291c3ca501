import type { Hash } from '@tallystick/kernel';
import { isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobStore } from '@tallystick/rounds';
import { expect, it } from 'vitest';

/** What every BlobStore promises. `make` gives a fresh, empty store. */
export function blobStoreContract(make: () => Promise<BlobStore>): void {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);

  it('gives back what was put, under the hash of the bytes', async () => {
    const store = await make();
    for (const content of [bytes, new Uint8Array(0), bytes.subarray(7, 8)]) {
      const id = await store.put(content);
      expect(id).toBe(sha256(content));
      expect(await store.get(id)).toEqual(Uint8Array.from(content));
      expect(await store.has(id)).toBe(true);
    }
  });

  it('stores the same bytes twice without harm, also at the same time', async () => {
    const store = await make();
    const ids = await Promise.all(Array.from({ length: 8 }, () => store.put(bytes)));
    expect(new Set(ids)).toEqual(new Set([sha256(bytes)]));
    expect(await store.get(sha256(bytes))).toEqual(bytes);
  });

  it('leaves the buffer to the caller, going in and coming out', async () => {
    const store = await make();
    const mine = Uint8Array.from(bytes);
    const id = await store.put(mine);
    mine.fill(1);
    (await store.get(id)).fill(2);
    expect(await store.get(id)).toEqual(bytes);
  });

  it('lets a blob be read in pieces, at any place, and nothing behind its end', async () => {
    const store = await make();
    const id = await store.put(bytes);
    const pieces = await store.withBytes(id, (blob) => {
      const [head, tail] = [new Uint8Array(10), new Uint8Array(2000)];
      blob.read(tail, 3000);
      blob.read(head, 0);
      expect(() => blob.read(new Uint8Array(2000), 3001)).toThrow(RangeError);
      return { head, tail, bytes: blob.bytes };
    });
    const [head, tail] = [bytes.slice(0, 10), bytes.slice(3000)];
    expect(pieces).toEqual({ head, tail, bytes: bytes.length });
  });

  it('says STORE_BLOB_MISSING for what it does not hold', async () => {
    const store = await make();
    const absent: Hash = sha256(bytes);
    expect(await store.has(absent)).toBe(false);
    const error: unknown = await store.get(absent).catch((thrown: unknown) => thrown);
    expect(isTallyError(error, 'STORE_BLOB_MISSING')).toBe(true);
    expect(String(error)).toContain(absent);
    await expect(store.withBytes(absent, () => 0)).rejects.toThrow(absent);
  });
}
