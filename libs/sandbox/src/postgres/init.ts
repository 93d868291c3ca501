import { spawn } from 'node:child_process';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import type { Home } from './home.js';
import { giveTo } from './owner.js';
import { readLogSince } from '../server-log.js';

/** The builtin provider keeps sort order equal on every platform; nobody but us reaches the socket, hence `trust`. */
const OPTIONS = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  // fsync of the whole cluster costs seconds; a power cut in the first checkpoint interval loses an empty database.
  '--no-sync',
] as const;

/** What the programs may see of our environment: nothing of it. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  TZ: 'UTC',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};

async function runInitdb(home: Home, draft: string, signal?: AbortSignal): Promise<void> {
  const log = await open(home.log, 'a');
  const since = (await log.stat()).size;
  try {
    const child = spawn(home.binaries.initdb, [...OPTIONS, '-D', draft], {
      ...home.owner,
      cwd: '/',
      env: ENVIRONMENT,
      stdio: ['ignore', log.fd, log.fd],
      ...(signal === undefined ? {} : { signal }),
    });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    if (code !== 0) {
      const reason = `initdb: ${await readLogSince(home.log, since)}`;
      throw new TallyError('STORE_POSTGRES_START', { reason, log: home.log });
    }
  } finally {
    await log.close();
  }
}

/** Makes the cluster when there is none. A kill in the middle leaves a draft, which the next start removes. */
export async function initialise(home: Home, signal?: AbortSignal): Promise<void> {
  const [parent, name] = [dirname(home.data), basename(home.data)];
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(`${name}.`)) await rm(join(parent, entry), { recursive: true });
  }
  const exists = await stat(home.data).then(
    () => true,
    () => false,
  );
  if (exists) return;
  const draft = `${home.data}.${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  await chmod(draft, 0o700);
  await giveTo(home.owner, draft);
  await runInitdb(home, draft, signal);
  await rename(draft, home.data);
}
