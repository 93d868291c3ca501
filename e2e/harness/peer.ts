import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Federation } from './federation.js';
import { type Fields, HELLO, readKey, RECEIPT, TASK } from './records.js';

type Head = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** A frame as it came. */
interface Frame {
  readonly head: Head;
  readonly payload: Buffer;
}

/** Why and how a socket was closed. */
interface Closed {
  readonly code: number;
  readonly reason: string;
}

interface Identity {
  readonly chain: string;
  readonly node: number;
  readonly keyEpoch: number;
  readonly coordinatorKey: string;
}

const TIMEOUT_MS = 20_000;
const CHUNK_BYTES = 1 << 20;

/** u32 head length ‖ JSON head ‖ payload. */
export function frame(head: object | string, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, payload]);
}

/** A socket that speaks tally.v1 and may lie: no code of the product is behind it. */
export class Peer {
  readonly frames: Frame[] = [];
  /** Settles when the coordinator hangs up. */
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;
  #read = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('message', (data: Buffer) => {
      const headBytes = data.readUInt32LE(0);
      const head = JSON.parse(data.subarray(4, 4 + headBytes).toString()) as Head;
      this.frames.push({ head, payload: data.subarray(4 + headBytes) });
      this.#wake();
    });
  }

  /** Opens the socket; the coordinator speaks first. */
  static async open(federation: Federation): Promise<Peer> {
    const url = `${federation.url.replace('http', 'ws')}/api/v1/fleet`;
    const socket = new WebSocket(url, 'tally.v1');
    const peer = new Peer(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return peer;
  }

  send(head: object | string, payload?: Uint8Array): void {
    this.#socket.send(frame(head, payload));
  }

  sendRaw(bytes: Uint8Array | string): void {
    this.#socket.send(bytes);
  }

  /** The next frame of this kind; frames of other kinds before it are passed over. */
  async next(kind: string): Promise<Frame> {
    const untilMs = performance.now() + TIMEOUT_MS;
    for (;;) {
      while (this.#read < this.frames.length) {
        const found = this.frames[this.#read++];
        if (found?.head.kind === kind) return found;
      }
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error(`closed before ${kind}`);
      if (performance.now() > untilMs)
        throw new Error(`no ${kind}: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Says hello; `spoil` may change the record before it is signed, or what is signed. */
  async hello(site: SiteFolder, spoil: Fields = {}, signature?: Uint8Array): Promise<void> {
    const { head } = await this.next('challenge');
    const { chain, node, keyEpoch, coordinatorKey } = site.identity;
    const clientNonce = randomBytes(32).toString('hex');
    const serverNonce = String(head['serverNonce']);
    const record = { chain, node, keyEpoch, coordinatorKey, serverNonce, clientNonce, ...spoil };
    const wire =
      signature === undefined ? HELLO.sign(record, site.key) : HELLO.wire(record, signature);
    this.send({ kind: 'hello', record: wire, software: 'a stranger' });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Key and identity that `tally node join` left in a site's folder. */
export class SiteFolder {
  readonly key: KeyObject;
  readonly identity: Identity;

  private constructor(key: KeyObject, identity: Identity) {
    this.key = key;
    this.identity = identity;
  }

  static async open(folder: string): Promise<SiteFolder> {
    const [line = ''] = (await readFile(join(folder, 'receipts.log'), 'utf8')).split('\n');
    return new SiteFolder(readKey(join(folder, 'node.key')), JSON.parse(line) as Identity);
  }
}

/** A task that was offered, and what a node may do with it. */
export class Offered {
  readonly task: Fields & { readonly run: number; readonly round: number; readonly model: string };
  readonly #peer: Peer;
  readonly #site: SiteFolder;

  constructor(peer: Peer, site: SiteFolder, offer: Frame) {
    this.#peer = peer;
    this.#site = site;
    this.task = TASK.decode(Buffer.from(String(offer.head['task']), 'hex')) as Offered['task'];
  }

  /** A receipt for `update`; `spoil` changes fields before it is signed. */
  receipt(update: Uint8Array, spoil: Fields = {}): Fields {
    const { chain, run, round, prev } = this.task;
    const { node, keyEpoch } = this.#site.identity;
    return {
      chain: chain ?? '',
      run,
      round,
      prev: prev ?? '',
      task: TASK.hash(this.task),
      node,
      keyEpoch,
      update: createHash('sha256').update(update).digest('hex'),
      updateBytes: update.length,
      numExamples: 10,
      lossBefore: 0,
      lossAfter: 0,
      policy: '00'.repeat(32),
      salt: '00'.repeat(16),
      ...spoil,
    };
  }

  sign(receipt: Fields): string {
    return RECEIPT.sign(receipt, this.#site.key);
  }

  /** Uploads the file and submits the receipt; the verdict. */
  async submit(update: Uint8Array, receipt: string, sent: Uint8Array = update): Promise<Head> {
    const { run, round } = this.task;
    const id = createHash('sha256').update(update).digest('hex');
    this.#peer.send({ kind: 'upload.begin', run, round, update: id, bytes: sent.length });
    const { head } = await this.#peer.next('upload.credit');
    for (let offset = Number(head['offset']); offset < sent.length; offset += CHUNK_BYTES) {
      const chunk = sent.subarray(offset, offset + CHUNK_BYTES);
      this.#peer.send({ kind: 'upload.chunk', run, round, offset }, chunk);
    }
    this.#peer.send({ kind: 'submit', run, round, receipt });
    return (await this.#peer.next('verdict')).head;
  }
}
