import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { asHash, fromHex, type Hash, toHex } from '@tallystick/kernel';
import { ed25519, type NodeSigner, sha256 } from '@tallystick/kernel/node';
import {
  type CoordinatorHead,
  decodeNodeFrame,
  encodeCohort,
  encodeFrame,
  LIMITS,
  type NodeHead,
} from '@tallystick/protocol';
import { decodeSigned, HELLO, RECEIPT, recordHash, verifyRecord } from '@tallystick/record';
import type { Offer, RoundResult } from '@tallystick/rounds';
import { nodeSigner, type SiteBench } from '@tallystick/site/testing';
import { type WebSocket, WebSocketServer } from 'ws';

/** How a test bends the coordinator. */
export interface FleetScript {
  /** Signs welcomes; the pinned key by default. */
  readonly welcomeSigner?: NodeSigner;
  /** Answer to the n-th hello (from 0) instead of a welcome: raw bytes of messages; the socket is then closed. */
  readonly insteadOfWelcome?: (attempt: number) => readonly Uint8Array[] | undefined;
  /** Cuts the socket after this many chunks, once. */
  readonly cutAfterChunks?: number;
  /** Credits this offset whatever is spooled. */
  readonly creditOffset?: number;
  /** Says nothing to upload.begin. */
  readonly holdCredit?: boolean;
  readonly heartbeatMs?: number;
  /** Promise for an accepted receipt, bent. */
  readonly promise?: (wire: string, receipt: string) => string;
}

const PRE_AUTH_NONCE = 'ab'.repeat(32);
const TOKEN = 'session-token';

/** A coordinator in the test's own process: HTTP for specs and models, a fleet socket that follows protocol.md §8. */
export class TestFleet {
  script: FleetScript;
  /** Frames of welcomed nodes, all sessions together. */
  readonly frames: NodeHead[] = [];
  /** Offsets of chunks, all sessions together. */
  readonly chunkOffsets: number[] = [];
  readonly hellos: string[] = [];
  readonly requests: string[] = [];
  readonly #bench: SiteBench;
  readonly #server: Server;
  readonly #sockets = new Set<WebSocket>();
  readonly #spool = new Map<Hash, Uint8Array[]>();
  readonly #watchers: { kind: string; count: number; resolve: () => void }[] = [];
  #session: WebSocket | undefined;
  #onWelcome: (() => void)[] = [];
  #isCut = false;

  private constructor(bench: SiteBench, script: FleetScript) {
    this.#bench = bench;
    this.script = script;
    this.#server = createServer((request, response) => void this.#http(request, response));
    const sockets = new WebSocketServer({
      server: this.#server,
      path: '/api/v1/fleet',
      maxPayload: 4 * LIMITS.chunkBytes,
      perMessageDeflate: false,
    });
    sockets.on('connection', (socket) => this.#greet(socket));
  }

  static async start(bench: SiteBench, script: FleetScript = {}, port = 0): Promise<TestFleet> {
    const fleet = new TestFleet(bench, script);
    await new Promise<void>((resolve) => fleet.#server.listen(port, '127.0.0.1', resolve));
    return fleet;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Bytes spooled of an update. */
  spooled(update: Hash): Uint8Array {
    return Buffer.concat(this.#spool.get(update) ?? []);
  }

  /** Resolves at the next welcome, at once when a session is open. */
  welcomed(): Promise<void> {
    if (this.#session !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onWelcome.push(resolve));
  }

  /** Resolves when `count` frames of `kind` have come. */
  async seen(kind: NodeHead['kind'], count = 1): Promise<NodeHead[]> {
    const have = (): NodeHead[] => this.frames.filter((head) => head.kind === kind);
    if (have().length < count) {
      await new Promise<void>((resolve) => this.#watchers.push({ kind, count, resolve }));
    }
    return have();
  }

  send(head: CoordinatorHead, payload?: Uint8Array): void {
    this.#session?.send(encodeFrame(head, payload));
  }

  /** Bytes as they are. */
  sendRaw(bytes: Uint8Array | string): void {
    this.#session?.send(bytes);
  }

  offer(offer: Offer): void {
    const head = { kind: 'offer' as const, task: offer.task.wire, headers: [...offer.headers] };
    this.send(head, encodeCohort(offer.cohort));
  }

  result({ header, inclusion, task }: RoundResult): void {
    const { run, round, modelAfter: model } = header.header;
    const head = { kind: 'result' as const, run, round, header: header.wire, model };
    if (inclusion === undefined) return this.send(head);
    const { index, weight, proof } = inclusion;
    const steps = proof.map(({ hash, sum }) => ({ hash, sum: sum.toString() }));
    const shown = task === undefined ? {} : { task: task.wire };
    const ours = { index, weight: weight.toString(), proof: steps };
    this.send({ ...head, ...shown, inclusion: ours });
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #greet(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#session === socket) this.#session = undefined;
    });
    socket.on('error', () => undefined);
    socket.once('message', (data) => this.#hello(socket, bytesOf(data)));
    socket.send(encodeFrame({ kind: 'challenge', serverNonce: PRE_AUTH_NONCE }));
  }

  #hello(socket: WebSocket, bytes: Uint8Array): void {
    const decoded = decodeNodeFrame(bytes, 0);
    if (!decoded.ok || decoded.frame.head.kind !== 'hello') return socket.close(4400);
    const { record } = decoded.frame.head;
    this.hellos.push(record);
    const instead = this.script.insteadOfWelcome?.(this.hellos.length - 1);
    if (instead !== undefined) {
      for (const message of instead) socket.send(message);
      return socket.close(4401);
    }
    const { value: hello, signature } = decodeSigned(HELLO, record);
    const isGood =
      verifyRecord(ed25519, HELLO, hello, nodeSigner(hello.node).key, signature) &&
      hello.serverNonce === PRE_AUTH_NONCE;
    if (!isGood) return socket.close(4401);
    const signer = this.script.welcomeSigner ?? this.#bench.coordinator.signer;
    const welcome: CoordinatorHead = {
      kind: 'welcome',
      signature: signer.sign(fromHex(recordHash(sha256, HELLO, hello))),
      sessionToken: TOKEN,
      node: hello.node,
      heartbeatMs: this.script.heartbeatMs ?? 2_000,
    };
    this.#session = socket;
    socket.on('message', (data) => this.#frame(socket, bytesOf(data)));
    socket.send(encodeFrame(welcome));
    for (const resolve of this.#onWelcome) resolve();
    this.#onWelcome = [];
  }

  #frame(socket: WebSocket, bytes: Uint8Array): void {
    const decoded = decodeNodeFrame(bytes, LIMITS.chunkBytes);
    if (!decoded.ok) throw decoded.error;
    const { head, payload } = decoded.frame;
    this.frames.push(head);
    if (head.kind === 'upload.begin') this.#begin(head);
    if (head.kind === 'upload.chunk') this.#chunk(socket, head.offset, payload);
    if (head.kind === 'submit') this.#submit(head);
    for (const watcher of this.#watchers) {
      const count = this.frames.filter(({ kind }) => kind === watcher.kind).length;
      if (count >= watcher.count) watcher.resolve();
    }
  }

  #current: Extract<NodeHead, { kind: 'upload.begin' }> | undefined;

  #begin(head: Extract<NodeHead, { kind: 'upload.begin' }>): void {
    this.#current = head;
    if (this.script.holdCredit === true) return;
    const { run, round, update } = head;
    const offset = this.script.creditOffset ?? this.spooled(update).length;
    this.send({ kind: 'upload.credit', run, round, offset });
  }

  #chunk(socket: WebSocket, offset: number, payload: Uint8Array): void {
    const update = this.#current?.update;
    if (update === undefined || offset !== this.spooled(update).length) throw new Error('a gap');
    this.#spool.set(update, [...(this.#spool.get(update) ?? []), payload]);
    this.chunkOffsets.push(offset);
    const { cutAfterChunks } = this.script;
    if (!this.#isCut && cutAfterChunks === this.chunkOffsets.length) {
      this.#isCut = true;
      socket.terminate();
    }
  }

  #submit({ run, round, receipt }: Extract<NodeHead, { kind: 'submit' }>): void {
    const { update } = decodeSigned(RECEIPT, receipt).value;
    const got = sha256(this.spooled(update));
    if (got !== update) {
      const code = 'UPDATE_HASH_MISMATCH';
      return this.send({ kind: 'verdict', run, round, outcome: 'rejected', code, message: got });
    }
    const wire = this.#bench.coordinator.promise(receipt);
    const promise = this.script.promise?.(wire, receipt) ?? wire;
    this.send({ kind: 'verdict', run, round, outcome: 'accepted', promise });
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push(path);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      response.writeHead(401).end();
      return;
    }
    const [, kind = '', id = ''] = /^\/api\/v1\/(specs|models)\/([0-9a-f]{64})$/.exec(path) ?? [];
    const { source } = this.#bench;
    try {
      const body =
        kind === 'specs' ? await source.spec(asHash(id)) : await source.model(asHash(id));
      response.writeHead(200).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new TypeError(`not a message: ${toHex(new Uint8Array())}`);
}
