/** Integration tests share one PostgreSQL; each file makes databases of its own: `inject('postgres')` is an admin URL. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { startPostgres } from '@tallystick/sandbox';
import type { TestProject } from 'vitest/node';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parent = await mkdtemp(join(tmpdir(), 'tally-int-'));
  await chmod(parent, 0o711);
  const server = await startPostgres({
    folder: join(parent, 'postgres'),
    logger: new MemoryLogger(),
    durability: 'test',
  });
  project.provide('postgres', server.url);
  return async () => {
    await server.stop();
    await rm(parent, { recursive: true });
  };
}
