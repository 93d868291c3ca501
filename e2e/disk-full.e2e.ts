/**
 * A disk that fills up in the middle of a run, a real one: a small file system under the blobs, in a mount namespace of
 * its own (unshare(1), so Linux, and root or unprivileged namespaces). TALLY_E2E_FULL=1 plays it.
 */
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';

/** More than /ready wants to see free; memory is used by what is written alone. */
const SIZE = '300m';
const FILLER_CHUNK = Buffer.alloc(1 << 20);

/** Mounts a small file system over $TALLY_BLOBS that only this process and its children see, then is Node. */
const NODE_ON_SMALL_DISK = `#!/bin/sh
exec unshare --mount -- sh -c 'mount -t tmpfs -o size=${SIZE} tmpfs "$TALLY_BLOBS" && exec "$REAL_NODE" "$@"' sh "$@"
`;

interface Ready {
  readonly status: string;
  readonly troubles: Readonly<Record<string, { readonly code: string; readonly hint: string }>>;
}

describe.runIf(isFull)('a full disk below the blobs', () => {
  let federation: Federation;
  let spec: string;
  let expected: readonly string[];
  let blobs: string;
  useStage(async (stage) => {
    const heart = await HeartCopy.at(stage.path('heart'));
    spec = await heart.editRun(
      [/^rounds: .*$/m, 'rounds: 3'],
      [/^ {2}steps: .*$/m, '  steps: 600'],
      [/^ {2}deadlineMs: .*$/m, '  deadlineMs: 900000'],
    );
    const node = stage.path('node-on-small-disk');
    await writeFile(node, NODE_ON_SMALL_DISK, { mode: 0o755 });
    const folder = stage.path('blobs');
    await mkdir(folder);
    const env = { TALLY_BLOBS: folder, REAL_NODE: process.execPath };
    federation = await Federation.start(stage, env, node);
    blobs = `/proc/${federation.up.pid}/root${folder}`; // as the coordinator sees it
    await federation.populate(heart.sites);
    expected = (await stage.run(['simulate', heart.folder])).json<RunReport>().roundModels;
  });

  async function ready(): Promise<Ready> {
    return (await (await fetch(`${federation.url}/ready`)).json()) as Ready;
  }

  it('is said by /ready; nothing is lost, and the run goes on by itself when there is space', async () => {
    expect(await ready()).toEqual({ status: 'ready', troubles: {} });
    const { run } = await federation.launch(spec);
    await until(
      'round 1 collects',
      async () => {
        const { current } = await federation.run(run);
        return current?.round === 1 && current.phase === 'collecting' ? true : undefined;
      },
      150_000,
    );
    const filler = await open(`${blobs}/filler`, 'w');
    const why = await (async () => {
      for (;;) await filler.write(FILLER_CHUNK);
    })().catch((error: unknown) => String(error));
    await filler.close();
    expect(why).toContain('ENOSPC');
    const { status, troubles } = await ready();
    expect(status).toBe('not ready');
    expect(troubles['disk']).toMatchObject({
      code: 'STORE_DISK_LOW',
      hint: expect.stringContaining('by themselves'),
    });
    expect((await fetch(`${federation.url}/health`)).status).toBe(200);
    await until(
      'somebody meets the full disk',
      async () => {
        const log = await federation.stage.logs();
        return log.includes('STORE_DISK_FULL') ? true : undefined;
      },
      150_000,
    );
    expect(await federation.run(run)).toMatchObject({ status: 'running' });

    await rm(`${blobs}/filler`);
    expect(await ready()).toEqual({ status: 'ready', troubles: {} });
    const rounds = await federation.finished(run);
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(expected);
    expect(rounds.map(({ included }) => included)).toEqual([4, 4, 4]);
    expect(await federation.stop()).toBe(0);
  });
});
