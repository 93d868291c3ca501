// @ts-check
/**
 * A node without a site: the real protocol over a real socket with a real key, and a training that is a file made
 * beforehand. It checks what costs a node nothing to check; that nodes verify results is the business of other tests.
 */
import { fromHex, ZERO_HASH } from '@tallystick/kernel';
import { sha256, signerFromSeed } from '@tallystick/kernel/node';
import { decodeCoordinatorFrame, encodeFrame, LIMITS } from '@tallystick/protocol';
import { decodeSigned, HELLO, RECEIPT, recordHash, signRecord, TASK } from '@tallystick/record';
import { WebSocket } from 'ws';

const MAX_PAYLOAD_BYTES = 2 ** 21;

/** Rounds of later runs are counted behind those of earlier ones. */
const MAX_ROUNDS = 1_000_000;

/** The number by which a fleet knows a round: of run 0 its own. @param {{ run: number, round: number }} at */
export function placeOf({ run, round }) {
  return run * MAX_ROUNDS + round;
}

/** @typedef {import('@tallystick/record').Task} Task */
/** @typedef {import('@tallystick/protocol').CoordinatorHead} CoordinatorHead */

/**
 * Where a node lives: what its process shares.
 * @typedef {object} Place
 * @property {string} url of the coordinator
 * @property {string} localAddress
 * @property {string} genesis
 * @property {string} coordinatorKey
 * @property {'idle' | 'download' | 'train'} mode how far it answers an offer
 * @property {() => Promise<void>} gate opens when uploads may begin
 * @property {(id: string, token: string) => Promise<void>} download
 * @property {() => import('./noise.mjs').NoiseUpdates} updates of the model that was downloaded
 * @property {import('./fleet-log.mjs').FleetLog} log
 * @property {number} cutPpm share of the nodes whose connection breaks once, in the middle of their upload or just after it
 */

export class BenchNode {
  /** @param {import('./enrol.mjs').Enrolled} enrolled @param {Place} place */
  constructor({ node, seed }, place) {
    this.node = /** @type {import('@tallystick/kernel').NodeId} */ (node); // as the chain gave it
    this.place = place;
    this.signer = signerFromSeed(fromHex(seed));
    this.token = '';
    /** Where the connection breaks, once. @type {'upload' | 'submit' | undefined} */
    this.cut = cutOf(node, place.cutPpm);
    /** @type {{ task: Task, file: import('./noise.mjs').NoiseFile } | undefined} */
    this.current = undefined;
    /** @type {(error?: Error) => void} */
    this.settle = () => undefined;
  }

  /** Opens the session; resolves when welcome. @returns {Promise<void>} */
  connect() {
    const { url, localAddress } = this.place;
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/fleet`, 'tally.v1', {
      localAddress,
      perMessageDeflate: false,
    });
    this.socket.on('message', (/** @type {Buffer} */ data) => this.#receive(data));
    this.socket.on('error', (error) => this.settle(error));
    this.socket.on('pong', (/** @type {Buffer} */ sent) => {
      this.place.log.heard(performance.now() - sent.readDoubleLE(0));
    });
    this.socket.on('close', (code, reason) => {
      this.place.log.closed();
      this.settle(new Error(`closed ${code} ${reason.toString()}`));
    });
    return new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  close() {
    this.socket?.terminate();
  }

  /** Asks for a sign of life; the log keeps how long it took. */
  beat() {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = Buffer.alloc(8);
    now.writeDoubleLE(performance.now());
    socket.ping(now);
  }

  /** Breaks the connection when this is its moment, and comes back. @param {BenchNode['cut']} moment */
  async #breaksAt(moment) {
    if (this.cut === undefined || this.cut !== moment) return false;
    this.cut = undefined;
    this.socket?.terminate();
    await this.connect();
    return true;
  }

  /** @param {Buffer} bytes */
  #receive(bytes) {
    const decoded = decodeCoordinatorFrame(bytes, MAX_PAYLOAD_BYTES);
    if (!decoded.ok) throw decoded.error;
    this.#answer(decoded.frame.head).catch((error) => this.place.log.failed(error));
  }

  /** @param {CoordinatorHead} head */
  async #answer(head) {
    const { log, mode } = this.place;
    switch (head.kind) {
      case 'challenge':
        return this.#hello(head.serverNonce);
      case 'welcome':
        this.token = head.sessionToken;
        return this.settle();
      case 'offer':
        return mode === 'idle' ? undefined : this.#begin(decodeSigned(TASK, head.task).value);
      case 'upload.credit':
        return this.#upload(head.offset);
      case 'verdict':
        return log.verdict(head.outcome === 'accepted' ? 'accepted' : head.code);
      case 'result':
        return log.result(placeOf(head));
      case 'error':
        return log.failed(new Error(`${head.code}: ${head.message}`));
      case 'drain':
        return undefined;
    }
  }

  /** @param {string} serverNonce */
  #hello(serverNonce) {
    const { genesis, coordinatorKey } = this.place;
    const hello = {
      chain: /** @type {import('@tallystick/kernel').Hash} */ (genesis), // as the coordinator said
      node: this.node,
      keyEpoch: 0,
      coordinatorKey: /** @type {import('@tallystick/kernel').PublicKey} */ (coordinatorKey),
      serverNonce,
      clientNonce: '17'.repeat(32),
    };
    const record = signRecord(HELLO, hello, this.signer).wire;
    this.#send({ kind: 'hello', record, software: 'bench' });
  }

  /** @param {Task} task */
  async #begin(task) {
    const { download, gate, updates, log, mode } = this.place;
    await download(task.model, this.token);
    log.downloaded();
    if (mode === 'download') return;
    await gate();
    const { run, round } = task;
    const file = updates().file(`${run}/${round}/${this.node}`); // equal files would not be sent twice
    this.current = { task, file };
    const { update, bytes } = file;
    this.#send({ kind: 'upload.begin', run, round, update, bytes });
  }

  /** Sends what is missing, one chunk on its way at a time, then the receipt. @param {number} offset */
  async #upload(offset) {
    const { current, socket } = this;
    if (current === undefined || socket === undefined) return;
    if (await this.#breaksAt('upload')) return;
    const { task, file } = current;
    const { run, round } = task;
    for (let at = offset; at < file.bytes; at += LIMITS.chunkBytes) {
      const chunk = file.slice(at, Math.min(file.bytes, at + LIMITS.chunkBytes));
      const frame = encodeFrame({ kind: 'upload.chunk', run, round, offset: at }, chunk);
      await new Promise((resolve) => socket.send(frame, resolve));
    }
    this.#send({ kind: 'submit', run, round, receipt: this.#receipt(task, file) });
    this.place.log.submitted(file.bytes);
    await this.#breaksAt('submit');
  }

  /** @param {Task} task @param {import('./noise.mjs').NoiseFile} file */
  #receipt(task, { update, bytes }) {
    const { chain, run, round, prev } = task;
    const receipt = {
      ...{ chain, run, round, prev, update },
      task: recordHash(sha256, TASK, task),
      node: this.node,
      keyEpoch: 0,
      updateBytes: BigInt(bytes),
      numExamples: 10n,
      lossBefore: 900_000_000n,
      lossAfter: 800_000_000n,
      policy: ZERO_HASH,
      salt: '00'.repeat(16),
    };
    return signRecord(RECEIPT, receipt, this.signer).wire;
  }

  /** @param {import('@tallystick/protocol').NodeHead} head */
  #send(head) {
    this.socket?.send(encodeFrame(head));
  }
}

/** Spread evenly over the node ids; every other one breaks off after its submit. @param {number} node @param {number} ppm */
function cutOf(node, ppm) {
  const before = Math.floor((node * ppm) / 1e6);
  const cuts = Math.floor(((node + 1) * ppm) / 1e6);
  if (cuts === before) return undefined;
  return cuts % 2 === 0 ? 'submit' : 'upload';
}
