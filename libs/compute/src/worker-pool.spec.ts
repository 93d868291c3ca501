import { afterEach, describe, expect, it } from 'vitest';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';

/** A worker that answers `hashFile` with the path, ends at `close`, throws at `open` and never answers the rest. */
const SCRIPT = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, kind, ask }) => {
      if (kind === 'hashFile') parentPort.postMessage({ id, ok: true, answer: ask.path });
      if (kind === 'close') process.exit(3);
      if (kind === 'open') throw new Error('thrown outside a task');
    });
  `)}`,
);

describe('WorkerPool', () => {
  const pools: WorkerPool[] = [];
  const make = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
    const pool = new WorkerPool({ workers: 1, script: SCRIPT, ...options });
    pools.push(pool);
    return pool;
  };
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
  const ping = (pool: WorkerPool): Promise<string> =>
    pool.run(0, 'hashFile', { ask: { path: 'here' } });

  it('rejects what a worker owed when it ends, and starts another', async () => {
    const pool = make();
    const silent = pool.run(0, 'spoolClose', { ask: { file: 1 } });
    const fatal = pool.run(0, 'close', { ask: { fold: 1 } });
    await expect(silent).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('exit code 3'),
    });
    await expect(fatal).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await ping(pool)).toBe('here');
  });

  it('reports a failure only when every worker has settled', async () => {
    const pool = make({ workers: 2 });
    // Worker 1 owes an answer when worker 0 ends; `everywhere` must wait for it.
    let settled = false;
    const all = pool
      .everywhere('spoolClose', (file) => ({ file }))
      .catch((error: unknown) => error)
      .finally(() => (settled = true));
    await expect(pool.run(0, 'close', { ask: { fold: 1 } })).rejects.toThrow('exit code 3');
    expect(await pool.run(1, 'hashFile', { ask: { path: 'here' } })).toBe('here');
    expect(settled).toBe(false);
    await pool.run(1, 'close', { ask: { fold: 1 } }).catch(() => undefined);
    expect(await all).toMatchObject({ code: 'INTERNAL' });
  });

  it('says why a worker died of an error', async () => {
    const pool = make();
    const ask = { fold: 1, lane: 0 } as never;
    await expect(pool.run(0, 'open', { ask })).rejects.toThrow('thrown outside a task');
    expect(await ping(pool)).toBe('here');
  });

  it('replaces a worker that does not answer in time', async () => {
    const pool = make({ taskTimeoutMs: 30 });
    await expect(pool.run(0, 'spoolClose', { ask: { file: 1 } })).rejects.toThrow(
      'spoolClose took longer than 30 ms',
    );
  });

  it('bounds what waits for a worker', async () => {
    const pool = make();
    const waiting = Array.from({ length: 256 }, () =>
      pool.run(0, 'spoolClose', { ask: { file: 1 } }).catch((error: unknown) => error),
    );
    await expect(ping(pool)).rejects.toMatchObject({ code: 'INTERNAL_OVERFLOW' });
    await pool.close();
    for (const lost of await Promise.all(waiting)) {
      expect(lost).toMatchObject({ code: 'INTERNAL' });
    }
    await expect(ping(pool)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('gives new work to the worker with the least to do', async () => {
    const pool = make({ workers: 3 });
    for (const worker of [0, 1, 0]) {
      void pool.run(worker, 'spoolClose', { ask: { file: 1 } }).catch(() => undefined);
    }
    expect(pool.idlest()).toBe(2);
  });

  it.each([0, -1, 1.5, 65])('refuses %d workers', (workers) => {
    expect(() => new WorkerPool({ workers })).toThrow(RangeError);
  });
});
