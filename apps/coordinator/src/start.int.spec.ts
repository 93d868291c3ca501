import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCoordinator, spawnCoordinator } from './testing/spawn-coordinator.js';

/** What a start that cannot succeed says, and how it ends; and that the next good start succeeds. */
describe('H: main.js that cannot start', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-start-'));
    await chmod(folder, 0o711); // Root's PostgreSQL has an owner of its own, and lives elsewhere when that one cannot pass.
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('names every faulty setting', async () => {
    const env = { TALLY_PORT: 'x', TALLY_CHAIN__URL: 'http://chain', TALLY_LOG__LEVEL: 'loud' };
    const { code, stderr, stdout } = await runCoordinator(folder, env);
    expect(code).toBe(78);
    expect(stderr).toContain('CONFIG_INVALID');
    for (const name of Object.keys(env)) expect(stderr).toContain(name);
    expect(stdout).toBe('');
  });

  it('refuses throw-away services and test switches in production', async () => {
    const env = { NODE_ENV: 'production', TALLY_TEST__CRASH_AT: 'inside-close' };
    const { code, stderr } = await runCoordinator(folder, env);
    expect(code).toBe(78);
    expect(stderr).toContain('TALLY_DATABASE__URL');
    expect(stderr).toContain('TALLY_TEST__CRASH_AT');
  });

  it('names a data folder that it cannot write to', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stderr } = await runCoordinator(file);
    expect(code).toBe(78);
    expect(stderr).toContain('CONFIG_FOLDER_UNWRITABLE');
    expect(stderr).toContain(file);
  });

  it('names a database and a chain that do not answer', async () => {
    const database = await runCoordinator(folder, {
      TALLY_DATABASE__URL: 'postgres://nobody@127.0.0.1:1/none',
      TALLY_CHAIN__URL: 'ws://127.0.0.1:1',
    });
    expect(database.code).toBe(69);
    expect(database.stderr).toContain('127.0.0.1:1');
  });

  it('names a port that is in use, and a folder that is; then starts', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    const { code, stderr } = await runCoordinator(folder, { TALLY_PORT: String(port) });
    expect(code).toBe(78);
    expect(stderr).toContain('CONFIG_PORT_IN_USE');
    expect(stderr).toContain(String(port));
    expect(stderr).toContain('TALLY_PORT');
    await new Promise((resolve) => blocker.close(resolve));

    const good = await spawnCoordinator(folder, { TALLY_PORT: String(port) });
    const second = await runCoordinator(folder);
    expect(second.code).toBe(78);
    expect(second.stderr).toContain('CONFIG_LOCKED');
    expect(second.stderr).toContain(String(good.child.pid));
    good.child.kill('SIGTERM');
    expect(await good.ended).toBe(0);
  });
});
