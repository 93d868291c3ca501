import { describe, expect, it } from 'vitest';
import { MemoryBlobStore } from './memory-blob-store.js';
import { blobStoreContract } from './testing/blob-store.contract.js';

describe('MemoryBlobStore', () => {
  blobStoreContract(async () => new MemoryBlobStore());

  it('refuses to grow beyond its bound', async () => {
    const store = new MemoryBlobStore({ maxBytes: 10 });
    await store.put(new Uint8Array(6));
    await store.put(new Uint8Array(6));
    await expect(store.put(new Uint8Array(5))).rejects.toMatchObject({ code: 'INTERNAL_OVERFLOW' });
  });
});
