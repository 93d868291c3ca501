import { TallyError } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { assertDiskSpace, type Disk, MIN_FREE_BYTES } from './operations/disk-space.js';
import { Readiness } from './readiness.js';

describe('Readiness', () => {
  it('says what is wrong with a code, words and one thing to do', async () => {
    const readiness = new Readiness();
    readiness.probe('database', () =>
      Promise.reject(new TallyError('STORE_DATABASE', { reason: 'it is gone' })),
    );
    readiness.probe('chain', () => Promise.resolve());
    readiness.report('ledger', new TallyError('LEDGER_TIMEOUT', { call: 'x', timeoutMs: 1 }));
    expect(await readiness.troubles()).toEqual({
      database: {
        code: 'STORE_DATABASE',
        message: 'the database failed: it is gone',
        hint: expect.stringContaining('PostgreSQL'),
      },
      ledger: expect.objectContaining({ code: 'LEDGER_TIMEOUT' }),
    });
    readiness.report('ledger', undefined);
    expect(Object.keys(await readiness.troubles())).toEqual(['database']);
  });

  it('does not wait for a probe that never answers', async () => {
    const readiness = new Readiness();
    readiness.probe('chain', () => new Promise(() => undefined));
    expect(await readiness.troubles()).toMatchObject({
      chain: { code: 'NET_TIMEOUT', message: expect.stringContaining('the chain') },
    });
  });

  it('gives an error of nobody a code, too', async () => {
    const readiness = new Readiness();
    readiness.probe('disk', () => Promise.reject(new Error('statfs failed')));
    expect(await readiness.troubles()).toMatchObject({
      disk: { code: 'INTERNAL', message: expect.stringContaining('statfs failed') },
    });
  });
});

describe('assertDiskSpace', () => {
  const disk = (folder: string, freeBytes: number): Disk => ({
    name: folder,
    folder,
    space: () => Promise.resolve({ freeBytes, totalBytes: 2 * MIN_FREE_BYTES }),
  });

  it('takes what is just enough', async () => {
    await assertDiskSpace([disk('/data', MIN_FREE_BYTES), disk('/blobs', Infinity)]);
  });

  it('names the folder that is nearly full, and how much is left', async () => {
    const looking = assertDiskSpace([disk('/data', MIN_FREE_BYTES), disk('/blobs', 3 << 20)]);
    await expect(looking).rejects.toMatchObject({
      code: 'STORE_DISK_LOW',
      message: '/blobs has 3 MiB left, and 256 are needed',
    });
  });
});
