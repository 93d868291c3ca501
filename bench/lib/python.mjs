// @ts-check
/** The peers' Python environment: pinned packages in a folder of the user's cache, made on demand and kept. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));
const REQUIREMENTS = join(PEERS, 'requirements.txt');
const INSTALL_MS = 900_000;
const execute = promisify(execFile);

/** An environment that is ready. */
export class Python {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** Path of a program of the environment. @param {string} name */
  program(name) {
    return join(this.folder, 'bin', name);
  }

  /**
   * Runs a script of bench/peers; the JSON value on the last line of its stdout.
   * @param {string} script @param {readonly string[]} args @param {number} timeoutMs
   * @returns {Promise<any>}
   */
  async run(script, args, timeoutMs) {
    const child = spawn(this.program('python'), [join(PEERS, script), ...args], {
      env: peerEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGTERM'), timeoutMs);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => (stdout += bytes));
    child.stderr.on('data', (bytes) => (stderr += bytes));
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    clearTimeout(timer);
    const last = stdout.trim().split('\n').at(-1) ?? '';
    if (code !== 0 || !last.startsWith('{')) {
      throw new Error(`${script} ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
    }
    return JSON.parse(last);
  }
}

/**
 * Settings that pin a BLAS to an older processor would slow the peer down; they are the machine's, not the peer's. One
 * thread: what is compared by CPU time must not spend it on threads that wait for each other.
 */
function peerEnvironment() {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env;
  return { ...env, OPENBLAS_NUM_THREADS: '1' };
}

/** The environment of these requirements, if it was made before. @returns {Promise<Python | undefined>} */
export async function findPython() {
  const folder = await folderOf();
  return existsSync(join(folder, 'ready')) ? new Python(folder) : undefined;
}

/**
 * The same, made now when it is not there; undefined without a python3 that has venv.
 * @param {(text: string) => void} say @returns {Promise<Python | undefined>}
 */
export async function makePython(say) {
  const found = await findPython();
  if (found !== undefined) return found;
  const folder = await folderOf();
  await mkdir(join(folder, '..'), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  try {
    await execute('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`no peers: ${reason.split('\n')[0]}`);
    return undefined;
  }
  say(`installing bench/peers/requirements.txt into ${folder}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS];
  await execute(join(folder, 'bin/python'), pip, { timeout: INSTALL_MS });
  await writeFile(join(folder, 'ready'), '');
  return new Python(folder);
}

async function folderOf() {
  const hash = createHash('sha256').update(await readFile(REQUIREMENTS));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'tallystick-bench', `venv-${hash.digest('hex').slice(0, 12)}`);
}
