import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { JsonRpc } from '../client/json-rpc.js';

/** A request of JSON-RPC on its way to the chain. */
export interface PassedRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Asks the honest node. */
type AskHonest = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** What a node that lies answers; undefined: what the honest one does. `ask` puts another question, or the same one, to it. */
export type Tamper = (request: PassedRequest, ask: AskHonest) => unknown;

/**
 * A chain node that lies: a WebSocket in front of an honest one. What is neither changed nor withheld passes as it is,
 * subscriptions too.
 */
export class RpcBetween {
  readonly #server: WebSocketServer;
  #upstream: string;
  /** Changes answers from now on; undefined: honest. */
  tamper: Tamper | undefined;
  /** Requests that came, by method. */
  readonly seen: Map<string, number> = new Map();

  private constructor(server: WebSocketServer, upstream: string) {
    this.#server = server;
    this.#upstream = upstream;
    server.on('connection', (client) => this.#serve(client));
  }

  static async open(upstream: string): Promise<RpcBetween> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise<void>((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', reject);
    });
    return new RpcBetween(server, upstream);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return `ws://127.0.0.1:${port}`;
  }

  /** Another node stands behind it from now on; clients have to connect again. */
  retarget(upstream: string): void {
    this.#upstream = upstream;
    for (const client of this.#server.clients) client.terminate();
  }

  /** One request without a socket. */
  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const http = new JsonRpc(this.#upstream);
    const ask: AskHonest = (name, args) => http.call(name, args);
    return (await this.tamper?.({ method, params }, ask)) ?? (await ask(method, params));
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: WebSocket): void {
    const link = new Link(this.#upstream, client);
    client.on('message', (data) => void this.#pass(link, client, textOf(data)));
    client.on('close', () => link.close());
    client.on('error', () => link.close());
  }

  async #pass(link: Link, client: WebSocket, text: string): Promise<void> {
    const { id, method, params } = JSON.parse(text) as PassedRequest & { readonly id: unknown }; // @polkadot/api wrote it
    this.seen.set(method, (this.seen.get(method) ?? 0) + 1);
    const ask: AskHonest = async (name, args) => (await link.ask(name, args))['result'];
    const changed: unknown = await this.tamper?.({ method, params }, ask);
    const answer =
      changed === undefined ? await link.ask(method, params) : { jsonrpc: '2.0', result: changed };
    if (client.readyState === client.OPEN) client.send(JSON.stringify({ ...answer, id }));
  }
}

type Answer = Readonly<Record<string, unknown>>;

/** One connection to the honest node. */
class Link {
  readonly #socket: WebSocket;
  readonly #open: Promise<void>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor(url: string, client: WebSocket) {
    this.#socket = new WebSocket(url);
    this.#open = new Promise((resolve) => this.#socket.once('open', resolve));
    this.#socket.on('message', (data) => {
      const text = textOf(data);
      const answer = JSON.parse(text) as Answer; // the embedded chain wrote it
      const take = typeof answer['id'] === 'number' ? this.#waiting.get(answer['id']) : undefined;
      if (take !== undefined) take(answer);
      else if (client.readyState === client.OPEN) client.send(text);
    });
    this.#socket.on('close', () => client.terminate());
    this.#socket.on('error', () => client.terminate());
  }

  async ask(method: string, params: readonly unknown[]): Promise<Answer> {
    await this.#open;
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
