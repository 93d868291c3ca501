import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TestApi } from './test-api.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A coordinator as its own process, built beforehand. */
export interface SpawnedCoordinator {
  readonly child: ChildProcess;
  readonly url: string;
  readonly api: TestApi;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Everything on stderr so far. */
  log(): string;
}

/** How a process ended, and all it said. */
export interface EndedCoordinator {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts dist/main.js over `data` and waits for its line on stdout. Rejects with its stderr when it ends before. */
export async function spawnCoordinator(
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SpawnedCoordinator> {
  const { child, ended, log } = launch(data, env);
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const line = await Promise.race([listening, ended]);
  if (typeof line !== 'string' || !line.startsWith('{')) throw new Error(`${line}: ${log()}`);
  const said: { url: string; apiTokenFile: string } = JSON.parse(line);
  const token = (await readFile(said.apiTokenFile, 'utf8')).trim();
  return { child, url: said.url, api: new TestApi(said.url, token), ended, log };
}

/** Runs dist/main.js until it ends by itself. */
export async function runCoordinator(
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<EndedCoordinator> {
  const { child, ended, log } = launch(data, env);
  let stdout = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  return { code: await ended, stdout, stderr: log() };
}

function launch(data: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      TALLY_DATA: data,
      TALLY_PORT: '0',
      TALLY_CHAIN__PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  return { child, ended, log: () => log };
}
