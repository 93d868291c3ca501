import { decodeModel } from '@tallystick/aggregation';
import { encoded } from '@tallystick/aggregation/testing';
import { asAccountId, fromHex, type Hash, type NodeId, ZERO_HASH } from '@tallystick/kernel';
import { generateKey, sha256 } from '@tallystick/kernel/node';
import {
  type CoordinatorHead,
  decodeCoordinatorFrame,
  decodeInviteToken,
  encodeFrame,
  LIMITS,
  type NodeHead,
  NodeView,
  PreparedJoin,
} from '@tallystick/protocol';
import {
  decodeSigned,
  HELLO,
  POP,
  RECEIPT,
  recordHash,
  signRecord,
  TASK,
  type Task,
} from '@tallystick/record';
import { WebSocket } from 'ws';
import type { TestApi } from './test-api.js';

type Kind = CoordinatorHead['kind'];
type HeadOf<K extends Kind> = Extract<CoordinatorHead, { kind: K }>;

/** An update and its receipt on the wire. */
interface Answer {
  readonly bytes: Uint8Array;
  readonly update: Hash;
  readonly receipt: string;
}

/** A node without a site: joins, says hello, and answers offers with a deterministic pretended training. */
export class TestNode {
  readonly key = generateKey();
  readonly owner = generateKey();
  #prepared: PreparedJoin | undefined;
  readonly heads: CoordinatorHead[] = [];
  closed: { code: number; reason: string } | undefined;
  /** False: offers are kept, not answered. */
  isAnswering = true;
  /** Offers of this round and later ones are kept, not answered. */
  stopsAt: number | undefined;
  /** Its pretended training; by default its number and the round decide it. */
  train: (weight: number, index: number, round: number) => number = (w, i, round) =>
    w + ((this.#node + 1) * ((i % 97) + 1) + round) / 1_024;
  #api: TestApi;
  #node: NodeId = 0 as NodeId;
  #chain: Hash = ZERO_HASH;
  #coordinatorKey = '';
  #token = '';
  #socket: WebSocket | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #waiting: { kinds: readonly Kind[]; resolve: (head: CoordinatorHead) => void }[] = [];

  constructor(api: TestApi) {
    this.#api = api;
  }

  get node(): NodeId {
    return this.#node;
  }

  /** Session token of the newest welcome. */
  get token(): string {
    return this.#token;
  }

  get socket(): WebSocket {
    if (this.#socket === undefined) throw new Error('not connected');
    return this.#socket;
  }

  /** Enrols with the invite, or with a fresh one of `organisation`. */
  async join(organisation: string, token?: string): Promise<NodeView> {
    const invite = decodeInviteToken(token ?? (await this.#api.invite(organisation)).token);
    this.#chain = invite.genesis;
    this.#coordinatorKey = invite.coordinatorKey;
    const owner = asAccountId(this.owner.key);
    const identity = {
      secret: invite.secret,
      name: organisation,
      key: this.key.key,
      owner,
      proof: this.proof(owner),
    };
    const prepared = await this.#prepare(identity);
    const signature = this.owner.sign(fromHex(prepared.payload));
    const body = { ...identity, context: prepared.context, signature };
    const view = NodeView.parse(await this.#api.post('nodes', body));
    this.#node = view.node;
    return view;
  }

  /** Proof of possession of the node key, for this owner account. */
  proof(owner: string): string {
    const pop = { chain: this.#chain, owner: asAccountId(owner), key: this.key.key };
    return signRecord(POP, pop, this.key).wire;
  }

  /** What was prepared once; the coordinator does not prepare a join twice. */
  async #prepare(identity: object): Promise<PreparedJoin> {
    this.#prepared ??= PreparedJoin.parse(await this.#api.post('nodes/prepare', identity));
    return this.#prepared;
  }

  /** Opens a session; resolves when welcome. `changes` spoil the hello. */
  async connect(
    changes: { keyEpoch?: number; serverNonce?: string } = {},
    api: TestApi = this.#api,
  ): Promise<HeadOf<'welcome'>> {
    this.#api = api;
    this.open();
    const { serverNonce } = await this.next('challenge');
    const hello = {
      chain: this.#chain,
      node: this.#node,
      keyEpoch: 0,
      coordinatorKey: this.#coordinatorKey as ReturnType<typeof generateKey>['key'],
      serverNonce,
      clientNonce: '17'.repeat(32),
      ...changes,
    };
    this.send({ kind: 'hello', record: signRecord(HELLO, hello, this.key).wire, software: 'test' });
    this.helloHash = recordHash(sha256, HELLO, hello);
    return this.next('welcome');
  }

  helloHash: Hash = ZERO_HASH;

  /** Says hello to whatever coordinator `where` gives, again and again, until the signal. */
  async stayConnected(where: () => TestApi, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#api = where();
      void this.connect();
      await new Promise((resolve) => this.socket.once('close', resolve));
      this.#waiting.length = 0;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Opens the socket without a word. */
  open(): void {
    const url = `${this.#api.url.replace('http', 'ws')}/api/v1/fleet`;
    const socket = new WebSocket(url, 'tally.v1');
    this.#socket = socket;
    this.closed = undefined;
    this.#working = Promise.resolve(); // what was under way on another socket ends nowhere
    this.#waiting = this.#waiting.filter(({ kinds }) => !kinds.includes('verdict'));
    socket.on('message', (data: Buffer) => this.#receive(new Uint8Array(data)));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
  }

  send(head: NodeHead, payload?: Uint8Array): void {
    this.socket.send(encodeFrame(head, payload));
  }

  /** The next frame of one of these kinds that has not been waited for. */
  next<K extends Kind>(...kinds: readonly K[]): Promise<HeadOf<K>> {
    return new Promise((resolve) => {
      this.#waiting.push({ kinds, resolve: (head) => resolve(head as HeadOf<K>) });
    });
  }

  /** The newest task that was offered. */
  lastTask(): Task | undefined {
    const offer = this.heads.findLast((head) => head.kind === 'offer');
    return offer?.kind === 'offer' ? decodeSigned(TASK, offer.task).value : undefined;
  }

  /** Answers what was kept, and whatever comes. */
  goOn(): void {
    this.stopsAt = undefined;
    const task = this.lastTask();
    if (task !== undefined) this.#contributeLater(task);
  }

  /** One after another: a session uploads one update at a time. */
  #contributeLater(task: Task): void {
    this.#working = this.#working.then(() => this.contribute(task)).catch(() => undefined);
  }

  /** The update that this node gives for a task. */
  async answer(task: Task): Promise<Answer> {
    const model = decodeModel(sha256, await this.#api.bytes(`models/${task.model}`, this.#token));
    const after = model.weights.map((w, i) => this.train(w, i, task.round));
    const bytes = encoded(model.manifest, model.weights, Float32Array.from(after));
    const update = sha256(bytes);
    const receipt = {
      chain: task.chain,
      run: task.run,
      round: task.round,
      prev: task.prev,
      task: recordHash(sha256, TASK, task),
      node: this.#node,
      keyEpoch: 0,
      update,
      updateBytes: BigInt(bytes.length),
      numExamples: BigInt(10 + this.#node),
      lossBefore: 900_000_000n,
      lossAfter: 800_000_000n,
      policy: ZERO_HASH,
      salt: '00'.repeat(16),
    };
    return { bytes, update, receipt: signRecord(RECEIPT, receipt, this.key).wire };
  }

  /** Trains, uploads and submits; resolves with the verdict, rejects when an error is told instead. */
  async contribute(task: Task): Promise<HeadOf<'verdict'>> {
    return this.upload(task, await this.answer(task));
  }

  async upload(task: Task, answer: Answer): Promise<HeadOf<'verdict'>> {
    const { run, round } = task;
    const { bytes, update, receipt } = answer;
    this.send({ kind: 'upload.begin', run, round, update, bytes: bytes.length });
    const first = await this.next('upload.credit', 'verdict'); // a round that is over takes nothing
    if (first.kind === 'verdict') return first;
    const { offset } = first;
    for (let at = offset; at < bytes.length; at += LIMITS.chunkBytes) {
      const chunk = bytes.subarray(at, at + LIMITS.chunkBytes);
      this.send({ kind: 'upload.chunk', run, round, offset: at }, chunk);
    }
    this.send({ kind: 'submit', run, round, receipt });
    const end = await this.next('verdict', 'error');
    if (end.kind === 'error') throw new Error(`${end.code}: ${end.message}`);
    return end;
  }

  #receive(bytes: Uint8Array): void {
    const decoded = decodeCoordinatorFrame(bytes, 2 ** 21);
    if (!decoded.ok) throw decoded.error;
    const { head } = decoded.frame;
    this.heads.push(head);
    // At once: the first offer may come in the same packet.
    if (head.kind === 'welcome') this.#token = head.sessionToken;
    if (head.kind === 'offer' && this.isAnswering) {
      const task = decodeSigned(TASK, head.task).value;
      const isKept = this.stopsAt !== undefined && task.round >= this.stopsAt;
      if (!isKept) this.#contributeLater(task);
    }
    const waiting = this.#waiting.filter(({ kinds }) => kinds.includes(head.kind));
    const told = head.kind === 'error' ? waiting : waiting.slice(0, 1); // an error is for all who wait for one
    this.#waiting = this.#waiting.filter((one) => !told.includes(one));
    for (const { resolve } of told) resolve(head);
  }
}
