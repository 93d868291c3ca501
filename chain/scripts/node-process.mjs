/** Processes of `tally-node` on this machine, and what to ask of them. */
import { execFile, spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, createPublicKey } from 'node:crypto';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_MS = 500;
const RPC_TIMEOUT_MS = 5_000;
const STOP_MS = 20_000;

/** The binary, from TALLY_CHAIN_NODE. */
export const NODE = process.env['TALLY_CHAIN_NODE'];

/** Ends with 64 unless a binary is named. */
export function needNode() {
  if (NODE !== undefined) return;
  console.error('TALLY_CHAIN_NODE must name the binary tally-node (see chain/node/README.md)');
  process.exit(64);
}

/** A new Ed25519 key: 32 bytes of seed and of public key, in hex. */
export function newKey() {
  return keyOf(generateKeyPairSync('ed25519').privateKey);
}

/** Seed and public key of a PKCS#8 file. */
export function readKey(pem) {
  return keyOf(createPrivateKey(pem));
}

function keyOf(privateKey) {
  const last32 = (der) => der.subarray(-32).toString('hex');
  return {
    seed: last32(privateKey.export({ format: 'der', type: 'pkcs8' })),
    key: last32(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })),
  };
}

/** Puts a session key into the keystore of a node that is not running. The seed is read from a file: arguments are public. */
export async function insertSessionKey(seedFile, { base, spec }) {
  for (const type of ['aura', 'gran']) {
    const where = ['--base-path', base, '--chain', spec];
    await run(NODE, [
      ...['key', 'insert', ...where, '--key-type', type],
      ...['--scheme', 'ed25519', '--suri', seedFile],
    ]);
  }
}

/** Makes the key of a node's place in the network; resolves with its peer id. */
export async function makeNodeKey(file) {
  writeFileSync(file, newKey().seed, { mode: 0o600 });
  const { stdout } = await run(NODE, ['key', 'inspect-node-key', '--file', file]);
  return stdout.trim();
}

/** A running node. */
export class NodeProcess {
  #child;

  constructor(name, args, { folder, rpcPort }) {
    this.name = name;
    this.rpc = `http://127.0.0.1:${rpcPort}`;
    this.log = join(folder, `${name}.log`);
    const log = openSync(this.log, 'a');
    this.#child = spawn(NODE, args, { stdio: ['ignore', log, log] });
    writeFileSync(join(folder, `${name}.pid`), String(this.#child.pid));
  }

  async call(method, params = []) {
    const response = await fetch(this.rpc, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
    });
    const { result, error } = await response.json();
    if (error !== undefined) throw new Error(`${this.name}: ${method}: ${error.message}`);
    return result;
  }

  /** Number and hash of the newest finalised block. */
  async finalized() {
    const hash = await this.call('chain_getFinalizedHead');
    return { number: Number((await this.call('chain_getHeader', [hash])).number), hash };
  }

  /** Number and hash of the newest block. */
  async best() {
    const hash = await this.call('chain_getBlockHash');
    return { number: Number((await this.call('chain_getHeader', [hash])).number), hash };
  }

  /** Waits for block `number` to be final; throws when it is not after `ms`, or the process ended. */
  async untilFinal(number, ms = 180_000) {
    for (
      const untilMs = performance.now() + ms;
      performance.now() < untilMs;
      await sleep(POLL_MS)
    ) {
      if (this.#child.exitCode !== null) throw new Error(`${this.name} ended; see ${this.log}`);
      const head = await this.finalized().catch(() => undefined);
      if (head !== undefined && head.number >= number) return head;
    }
    throw new Error(`${this.name}: block ${number} is not final after ${ms} ms; see ${this.log}`);
  }

  /** Ends the process: `SIGKILL` is a loss, `SIGTERM` an orderly end. */
  async stop(signal = 'SIGTERM') {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
  }
}
