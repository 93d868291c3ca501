import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyBinaries, findBinaries } from './binaries.js';
import { serversOf } from './postmaster.js';
import { type PostgresOptions, type RunningPostgres, startPostgres } from './start-postgres.js';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  let parent: string;
  let folder: string;
  let running: RunningPostgres[];

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'tally-pg-'));
    chmodSync(parent, 0o711);
    folder = join(parent, 'postgres');
    running = [];
  });

  afterEach(async () => {
    for (const server of running) await server.stop();
    const note = join(folder, 'location');
    if (existsSync(note)) rmSync(readFileSync(note, 'utf8'), { recursive: true });
    rmSync(parent, { recursive: true });
  });

  async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
    const logger = new MemoryLogger();
    const server = await startPostgres({ folder, logger, durability: 'test', ...options });
    running.push(server);
    return server;
  }

  const data = (): string => join(folder, 'data');

  it('starts, answers on its socket alone, stops and starts again with its data', async () => {
    const first = await start({ durability: 'safe' });
    expect(first.adopted).toBe(false);
    expect(await query(first.url, 'show listen_addresses')).toEqual(['']);
    expect(await query(first.url, 'show server_encoding')).toEqual(['UTF8']);
    await query(first.url, 'create table kept as select 7 as n');
    await first.stop();
    expect(existsSync(first.host)).toBe(false);
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second.url, 'select n from kept')).toEqual([7]);
  });

  it('adopts a server whose starter was killed', async () => {
    const dist = new URL('../../dist/index.js', import.meta.url).href;
    const script = `
      const { startPostgres } = await import(${JSON.stringify(dist)});
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const { pid } = await startPostgres({ folder: ${JSON.stringify(folder)}, logger, durability: 'test' });
      process.stdout.write(String(pid));
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid: number = await new Promise((resolve, reject) => {
      starter.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
      starter.once('exit', (code) => reject(new Error(`the starter ended with ${code}`)));
    });
    const ended = new Promise((resolve) => starter.once('exit', resolve));
    starter.kill('SIGKILL');
    await ended;
    const adopted = await start();
    expect(adopted).toMatchObject({ adopted: true, pid });
    expect(await query(adopted.url, 'select 1')).toEqual([1]);
  });

  it('recovers when the server was killed as well', async () => {
    const first = await start({ durability: 'safe' });
    await query(first.url, 'create table kept as select 7 as n');
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second).toMatchObject({ adopted: false });
    expect(await query(second.url, 'select n from kept')).toEqual([7]);
  });

  it('is not misled by a foreign living pid in the pid file', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGKILL');
    while ((await serversOf(data())).length > 0) await sleep(10);
    const path = join(data(), 'postmaster.pid');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(process.pid)));
    expect(await start()).toMatchObject({ adopted: false });
  });

  it('lets two simultaneous starters share one server', async () => {
    const servers = await Promise.all([start(), start(), start()]);
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1);
    expect(servers.filter(({ adopted }) => !adopted)).toHaveLength(1);
  });

  it('sweeps the draft of an initdb that was killed', async () => {
    mkdirSync(join(folder, 'data.4242'), { recursive: true });
    await start();
    expect(readdirSync(folder).filter((name) => name.startsWith('data'))).toEqual(['data']);
  });

  it('works below a folder that only its starter may enter', async () => {
    chmodSync(parent, 0o700);
    const first = await start();
    expect(await query(first.url, 'select 1')).toEqual([1]);
    await first.stop();
    expect(await query((await start()).url, 'select 1')).toEqual([1]);
  });

  it('says why a server does not start, and where to read more', async () => {
    await (await start()).stop();
    writeFileSync(join(data(), 'postgresql.conf'), 'no_such_setting = 1\n');
    await expect(start()).rejects.toMatchObject({
      code: 'STORE_POSTGRES_START',
      message: expect.stringContaining('postgresql.conf'),
      hint: expect.stringContaining(join(folder, 'postgres.log')),
    });
  });

  it('gives up when told to, and leaves no process', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(start({ signal })).rejects.toThrow('aborted');
    expect(await serversOf(data())).toEqual([]);
  });

  it('never runs as root', async () => {
    await start();
    expect(statSync(join(data(), 'PG_VERSION')).uid).not.toBe(0);
  });

  it('runs from a copy of the programs', async () => {
    const copy = await copyBinaries(await findBinaries(), parent);
    const again = await copyBinaries(await findBinaries(), parent);
    expect(again).toEqual(copy);
    expect(copy.postgres.startsWith(parent)).toBe(true);
    expect(execFileSync(copy.postgres, ['--version'], { encoding: 'utf8' })).toMatch(/PostgreSQL/);
  });
});
