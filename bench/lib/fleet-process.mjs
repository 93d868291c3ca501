// @ts-check
/** One process of a fleet: opens its share of the nodes and answers the bench. */
import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import { decodeModel } from '@tallystick/aggregation';
import { sha256 } from '@tallystick/kernel/node';
import { BenchNode } from './bench-node.mjs';
import { FleetLog } from './fleet-log.mjs';
import { NoiseUpdates } from './noise.mjs';

/** Handshakes at once: half of what one address block may have pending. */
const HANDSHAKES = 32;
/** Downloads at once. */
const MAX_DOWNLOADS = 64;
/** A coordinator with too many downloads says so; the node comes back. */
const BUSY = 503;
const BUSY_MS = 250;

/** @typedef {import('./fleet.mjs').OpenRequest} OpenRequest */

const log = new FleetLog((times) => process.send?.({ round: times }));
/** @type {BenchNode[]} */
const nodes = [];
/** @type {() => void} */
let openGate = () => undefined;
let gate = Promise.resolve();

/** Uploads wait from now on until the bench says `go`. */
function closeGate() {
  gate = new Promise((resolve) => (openGate = resolve));
}

/** Downloads models with a Range of everything, hashes them, and keeps the first to know its shape. */
class Downloads {
  /** @param {OpenRequest} request */
  constructor({ url, localAddress }) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: MAX_DOWNLOADS, localAddress });
    /** @type {NoiseUpdates | undefined} */
    this.updates = undefined;
    /** @type {Promise<void> | undefined} */
    this.first = undefined;
  }

  /** @param {string} id @param {string} token */
  async fetch(id, token) {
    if (this.first !== undefined) {
      await this.first;
      return this.#stream(id, token, undefined);
    }
    /** @type {Buffer[]} */
    const pieces = [];
    this.first = this.#stream(id, token, pieces).then(() => {
      const { manifest } = decodeModel(sha256, Buffer.concat(pieces));
      this.updates = new NoiseUpdates(manifest);
    });
    return this.first;
  }

  /** @param {string} id @param {string} token @param {Buffer[] | undefined} keep @returns {Promise<void>} */
  #stream(id, token, keep) {
    const headers = { authorization: `Bearer ${token}`, range: 'bytes=0-' };
    return new Promise((resolve, reject) => {
      const request = get(`${this.url}/api/v1/models/${id}`, { agent: this.agent, headers });
      request.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
        // The server closed the kept connection while this request was on its way (Node's http.Agent): ask again.
        const isStale = request.reusedSocket && error.code === 'ECONNRESET';
        if (isStale) this.#stream(id, token, keep).then(resolve, reject);
        else reject(error);
      });
      request.once('response', (response) => {
        if (response.statusCode === BUSY) {
          response.resume();
          setTimeout(() => void this.#stream(id, token, keep).then(resolve, reject), BUSY_MS);
          return;
        }
        const hash = createHash('sha256');
        response.on('data', (/** @type {Buffer} */ piece) => {
          hash.update(piece);
          keep?.push(piece);
        });
        response.once('error', reject);
        response.once('end', () => {
          if (hash.digest('hex') === id) resolve();
          else reject(new Error(`download of ${id}: ${response.statusCode}`));
        });
      });
    });
  }
}

/** @param {OpenRequest} request */
async function open(request) {
  const { url, localAddress, genesis, coordinatorKey, mode, cutPpm } = request;
  const downloads = new Downloads(request);
  const place = {
    ...{ url, localAddress, genesis, coordinatorKey, mode, cutPpm, log },
    gate: () => gate,
    download: (/** @type {string} */ id, /** @type {string} */ token) => downloads.fetch(id, token),
    updates: () => {
      if (downloads.updates === undefined) throw new Error('no model yet');
      return downloads.updates;
    },
  };
  const waiting = request.nodes.map((enrolled) => new BenchNode(enrolled, place));
  nodes.push(...waiting);
  const lanes = Array.from({ length: HANDSHAKES }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await next.connect();
    }
  });
  await Promise.all(lanes);
}

/** Every node asks for a sign of life every `ms`, not all at once. @param {number} ms */
function beatEvery(ms) {
  for (const [i, node] of nodes.entries()) {
    setTimeout(() => setInterval(() => node.beat(), ms), (ms * i) / nodes.length);
  }
}

/** @typedef {{ open?: OpenRequest, counts?: true, hold?: true, go?: true, beatMs?: number }} Asked */

process.on('message', (/** @type {Asked} */ message) => {
  if (message.hold === true) closeGate();
  if (message.go === true) openGate();
  if (message.beatMs !== undefined) beatEvery(message.beatMs);
  if (message.counts === true) process.send?.({ counts: log.counts() });
  if (message.open === undefined) return;
  open(message.open).then(
    () => process.send?.({ opened: true }),
    (error) => process.send?.({ failed: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
