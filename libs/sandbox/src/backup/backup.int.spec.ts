import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockFile, systemClock } from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataFolderPaths, openDataFolder } from '../data-folder.js';
import { openDeployment } from '../deployment.js';
import { startPostgres } from '../postgres/start-postgres.js';
import { backUp, type BackupOptions } from './back-up.js';
import { restore, type RestoreOptions } from './restore.js';

const logger = new MemoryLogger();
const signal = new AbortController().signal;

describe('backup and restore', () => {
  let root: string;
  let data: string;
  let into: string;
  let other: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tally-backup-'));
    await chmod(root, 0o711); // PostgreSQL does not run as root and has to pass through
    [data, into, other] = [join(root, 'data'), join(root, 'backup'), join(root, 'other')];
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const backup = (changes: Partial<BackupOptions> = {}) =>
    backUp({ data, into, clock: systemClock, logger, signal, ...changes });
  const restored = (changes: Partial<RestoreOptions> = {}) =>
    restore({ from: into, data: other, isNothingSignedSince: false, logger, signal, ...changes });

  /** A data folder with keys, a genesis, a blob and a signing log, whose database is elsewhere. */
  async function small(): Promise<string> {
    const folder = await openDataFolder(data);
    await openDeployment(folder);
    const bytes = Buffer.from('a model');
    const id = createHash('sha256').update(bytes).digest('hex');
    const blob = join(folder.blobs, id.slice(0, 2), id);
    await mkdir(join(folder.blobs, id.slice(0, 2)), { recursive: true });
    await writeFile(blob, bytes);
    await writeFile(folder.signingLog, 'one record');
    await writeFile(folder.apiToken, 'token', { mode: 0o600 });
    await mkdir(join(folder.nodes, 'va'), { recursive: true });
    await mkdir(folder.spool, { recursive: true });
    await writeFile(join(folder.spool, 'half'), 'half an update');
    return blob;
  }

  /** A database elsewhere, and no programs but those that a test puts there. */
  let elsewhere: Pick<BackupOptions, 'database'>;
  beforeEach(() => {
    const url = 'postgres://tally:secret@127.0.0.1:1/tally';
    elsewhere = { database: { url, environment: { PATH: join(root, 'bin') } } };
  });

  it('puts a cluster back that starts and has its rows, and keeps the files of others out', async () => {
    await small();
    const paths = dataFolderPaths(data);
    const options = { logger, durability: 'test' } as const;
    const first = await startPostgres({ folder: paths.postgres, ...options });
    await query(first.url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (7)');
    await expect(backup()).rejects.toMatchObject({ code: 'CONFIG_LOCKED' });
    await first.stop();

    const done = await backup();
    expect(done).toMatchObject({ database: 'cluster', nodes: ['va'] });
    expect(done.files).toBeGreaterThan(500);
    const back = await restored({ isNothingSignedSince: true });
    expect(back).toMatchObject({ database: 'cluster', signingLog: 'backup', files: done.files });

    const target = dataFolderPaths(other);
    const second = await startPostgres({ folder: target.postgres, ...options });
    try {
      expect(await query(second.url, 'SELECT n FROM t')).toEqual([{ n: 7 }]);
    } finally {
      await second.stop();
    }
    const keys = await openDeployment(target);
    expect(keys.genesis).toBe((await openDeployment(paths)).genesis);
    expect((await stat(join(target.keys, 'treasury.key'))).mode & 0o777).toBe(0o600);
    const entries = await readdir(other);
    expect(entries).toContain('api-token');
    for (const entry of ['nodes', 'spool', 'lock.json', 'restored.json', 'restoring.json']) {
      expect(entries).not.toContain(entry);
    }
  }, 60_000);

  it('says which pg_dump to run when it cannot, without the password', async () => {
    await small();
    const { dumpCommand = '', database } = await backup(elsewhere);
    expect(database).toBe('elsewhere');
    expect(dumpCommand).toContain(
      `pg_dump --format=custom --no-owner --file=${into}/database.dump`,
    );
    expect(dumpCommand).toContain('postgres://tally@127.0.0.1:1/tally');
    expect(dumpCommand).not.toContain('secret');
    const { restoreCommand } = await restored(elsewhere);
    expect(restoreCommand).toContain('pg_restore');
  });

  it('runs pg_dump and pg_restore where they are, the password by the environment', async () => {
    await small();
    await mkdir(join(root, 'bin'));
    const said = join(root, 'said');
    const program = async (name: string, script: string): Promise<void> => {
      const text = `#!/bin/sh\necho "$0 $PGPASSWORD $*" >> ${said}\n${script}\n`;
      await writeFile(join(root, 'bin', name), text, { mode: 0o755 });
    };
    await program('pg_dump', `printf rows > ${into}/database.dump`);
    await program('pg_restore', 'exit 0');
    expect(await backup(elsewhere)).toMatchObject({ database: 'dump' });
    const back = await restored(elsewhere);
    expect(back).toMatchObject({ database: 'dump' });
    expect(back).not.toHaveProperty('restoreCommand');
    const lines = (await readFile(said, 'utf8')).trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(
        /pg_dump secret --format=custom .* postgres:\/\/tally@127\.0\.0\.1:1\/tally$/,
      ),
      expect.stringMatching(/pg_restore secret .*--single-transaction .*database\.dump$/),
    ]);
    await rm(into, { recursive: true });
    await program('pg_dump', 'echo "connection refused" >&2; exit 1');
    await expect(backup(elsewhere)).rejects.toMatchObject({
      code: 'STORE_DUMP_FAILED',
      message: 'pg_dump failed: connection refused',
    });
    await expect(stat(join(into, 'manifest.json'))).rejects.toThrow('ENOENT');
  });

  it('refuses what is not whole, and writes nothing then', async () => {
    const blob = await small();
    await backup(elsewhere);
    const manifestFile = join(into, 'manifest.json');
    const manifest = await readFile(manifestFile, 'utf8');
    const copy = join(into, 'blobs', blob.slice(-67));
    const refused = async (reason: RegExp): Promise<void> => {
      const error = { code: 'STORE_BACKUP_INVALID', message: expect.stringMatching(reason) };
      await expect(restored(elsewhere)).rejects.toMatchObject(error);
      await expect(stat(other)).rejects.toThrow('ENOENT');
    };
    await writeFile(copy, 'A model');
    await refused(/has other bytes/);
    await writeFile(copy, 'a mode');
    await refused(/has 6 bytes, not 7/);
    await rm(copy);
    await refused(/ENOENT/);
    await writeFile(copy, 'a model');
    await writeFile(manifestFile, manifest.slice(0, -20));
    await refused(/manifest\.json/);
    for (const path of ['data/../../x', '/etc/x', 'data/a\\\\b', 'other/x', 'data/./x']) {
      await writeFile(manifestFile, manifest.replace('data/api-token', path));
      await refused(/is no path of a backup/);
    }
    await rm(manifestFile);
    await refused(/written last/);
    await writeFile(manifestFile, manifest);
    expect(await restored(elsewhere)).toMatchObject({ signingLog: 'unknown' });
  });

  it('is not taken for whole when it was cut short, on either side', async () => {
    await small();
    const stop = new AbortController();
    const half = backup({ ...elsewhere, signal: stop.signal });
    stop.abort();
    await expect(half).rejects.toThrow();
    await expect(restored(elsewhere)).rejects.toMatchObject({ code: 'STORE_BACKUP_INVALID' });
    await rm(into, { recursive: true, force: true });
    await backup(elsewhere);
    await openDataFolder(other);
    await writeFile(join(other, 'restoring.json'), '{"isKept":false}');
    await writeFile(join(other, 'signing.log'), 'one record'); // by the restore that did not end
    await expect(openDataFolder(other)).rejects.toMatchObject({
      code: 'CONFIG_RESTORE_UNFINISHED',
    });
    expect(await restored(elsewhere)).toMatchObject({ signingLog: 'unknown' });
    await openDataFolder(other);
  });

  it('overwrites nothing, and keeps only a signing log that goes on', async () => {
    await small();
    await backup(elsewhere);
    await expect(backup(elsewhere)).rejects.toMatchObject({ code: 'CONFIG_FOLDER_IN_USE' });
    await expect(restored({ ...elsewhere, data })).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_IN_USE',
    });
    await openDataFolder(other);
    const log = join(other, 'signing.log');
    await writeFile(log, 'another log');
    await expect(restored(elsewhere)).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_IN_USE',
      message: expect.stringContaining('does not go on'),
    });
    await writeFile(log, 'one record, and one more');
    expect(await restored(elsewhere)).toMatchObject({ signingLog: 'kept' });
    expect(await readFile(log, 'utf8')).toBe('one record, and one more');
    const mark: unknown = JSON.parse(await readFile(join(other, 'restored.json'), 'utf8'));
    expect(mark).toMatchObject({ isLogKept: true });
  });

  it('refuses a folder inside the data, a damaged blob, and a deployment that is in use', async () => {
    const blob = await small();
    const inside = backup({ ...elsewhere, into: join(data, 'copy') });
    await expect(inside).rejects.toMatchObject({ code: 'CONFIG_FOLDER_UNWRITABLE' });
    const lock = await LockFile.acquire(dataFolderPaths(data).lock);
    await expect(backup(elsewhere)).rejects.toMatchObject({ code: 'CONFIG_LOCKED' });
    await lock.release();
    await writeFile(blob, 'A model');
    await expect(backup(elsewhere)).rejects.toMatchObject({ code: 'STORE_BLOB_DAMAGED' });
    await expect(backup({ data: join(root, 'nothing') })).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });
});

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}
