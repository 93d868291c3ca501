// @ts-check
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childrenOf, cpuSeconds, memory } from './proc.mjs';

const MAIN = fileURLToPath(new URL('../../apps/coordinator/dist/main.js', import.meta.url));
const PROBE = new URL('probe.mjs', import.meta.url).href;
const REQUEST_MS = 120_000;
const STOP_MS = 60_000;
const MAX_LOG_CHARS = 4_000;

/** @typedef {{ maxLagMs: number, p99LagMs: number }} Probed */

/** The real coordinator as its own process, over a PostgreSQL and a chain that it starts as for any newcomer. */
export class Coordinator {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {{ url: string, chainUrl: string, genesis: string, coordinatorKey: string }} said
   * @param {{ token: string, data: string }} local
   */
  constructor(child, { url, chainUrl, genesis, coordinatorKey }, { token, data }) {
    this.child = child;
    this.url = url;
    this.chainUrl = chainUrl;
    this.genesis = genesis;
    this.coordinatorKey = coordinatorKey;
    this.token = token;
    this.data = data;
  }

  /**
   * Starts it over an empty folder and waits until it listens.
   * @param {string} data @param {{ readonly profile?: string | undefined, readonly env?: Record<string, string> }} [options]
   *   folder for a CPU profile; more settings
   */
  static async start(data, { profile, env = {} } = {}) {
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const child = spawn(process.execPath, [...flags, '--import', PROBE, MAIN], {
      env: {
        PATH: process.env['PATH'],
        TALLY_DATA: data,
        TALLY_PORT: '0',
        TALLY_CHAIN__PORT: '0',
        TALLY_LOG__LEVEL: 'warn',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let log = '';
    child.stderr?.on('data', (bytes) => (log = (log + bytes).slice(-MAX_LOG_CHARS)));
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) }).once(
        'line',
        resolve,
      );
      child.once('exit', () => reject(new Error(`the coordinator did not start: ${log}`)));
    });
    const said = JSON.parse(line);
    const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
    return new Coordinator(child, said, { token, data });
  }

  get pid() {
    return this.child.pid ?? 0;
  }

  /** CPU seconds so far of this process alone, all its threads. */
  get cpu() {
    return cpuSeconds(this.pid);
  }

  /** CPU seconds so far of everything on the server's side. */
  get cpus() {
    const { coordinator, postgres, chain } = serversOf(this);
    const database = [postgres, ...childrenOf(postgres)].map(cpuSeconds);
    return {
      coordinator: cpuSeconds(coordinator),
      postgres: database.reduce((sum, seconds) => sum + seconds, 0),
      chain: cpuSeconds(chain),
    };
  }

  get memory() {
    return memory(this.pid);
  }

  /** Loop lag since the probe before, after a garbage collection. @returns {Promise<Probed>} */
  probe() {
    return new Promise((resolve) => {
      const take = (/** @type {{ probe?: Probed }} */ message) => {
        if (message.probe === undefined) return;
        this.child.off('message', take);
        resolve(message.probe);
      };
      this.child.on('message', take);
      this.child.send({ probe: true });
    });
  }

  /** @param {string} path below /api/v1 @param {unknown} [body] POST with it @returns {Promise<any>} */
  async api(path, body) {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(REQUEST_MS),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Drains it and whatever it started. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    this.child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}

/** Process ids of the servers of a data folder. @param {Coordinator} coordinator */
function serversOf({ pid, data }) {
  const home = join(data, 'postgres');
  const moved = join(home, 'location'); // PostgreSQL's folder when it could not live in its place
  const cluster = existsSync(moved) ? readFileSync(moved, 'utf8') : home;
  const [postmaster] = readFileSync(join(cluster, 'data/postmaster.pid'), 'utf8').split('\n');
  const said = readFileSync(join(data, 'chain/chain.out'), 'utf8').trim().split('\n').at(-1) ?? '';
  return { coordinator: pid, postgres: Number(postmaster), chain: JSON.parse(said).pid };
}
