import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Starts dist/main.js over `data` and waits for its line on stdout. Rejects with its stderr when it ends before. */
export async function spawnCoordinator(
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SpawnedCoordinator> {
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
  const ended = once(child, 'exit').then(
    ([code, signal]: (number | NodeJS.Signals | null)[]) => code ?? signal ?? 0,
  ) as Promise<number | NodeJS.Signals>;
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const line = await Promise.race([listening, ended]);
  if (typeof line !== 'string' || !line.startsWith('{')) throw new Error(`${line}: ${log}`);
  const said: { url: string; apiTokenFile: string } = JSON.parse(line);
  const token = (await readFile(said.apiTokenFile, 'utf8')).trim();
  return { child, url: said.url, api: new TestApi(said.url, token), ended, log: () => log };
}
