import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the proxy does instead of opening the way. */
export type Refusal = { readonly answer: string } | 'silence' | 'hang-up' | 'speak-first';

/** An HTTP proxy that opens tunnels by CONNECT, or refuses to. */
export class TestProxy {
  /** `host:port` of every tunnel that was asked for. */
  readonly asked: string[] = [];
  refusal: Refusal | undefined;
  /** `name:password` that it wants. */
  login: string | undefined;
  /** Where every tunnel leads, whatever was asked for: somebody in the middle. */
  detour: number | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor() {
    this.#server = createServer((_request, response) => {
      response.statusCode = 405;
      response.end();
    });
    this.#server.on('connect', (request, socket) => this.#connect(request, socket));
  }

  static async start(): Promise<TestProxy> {
    const proxy = new TestProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return new URL(`http://127.0.0.1:${address.port}`);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(request: IncomingMessage, socket: Duplex): void {
    const target = request.url ?? '';
    this.asked.push(target);
    this.#keep(socket);
    const refused = this.refusal;
    if (refused === 'silence') return;
    if (refused === 'hang-up') return void socket.destroy();
    if (refused === 'speak-first') {
      return void socket.write('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}');
    }
    if (refused !== undefined) return void socket.end(`HTTP/1.1 ${refused.answer}\r\n\r\n`);
    const basic = Buffer.from(this.login ?? '').toString('base64');
    if (this.login !== undefined && request.headers['proxy-authorization'] !== `Basic ${basic}`) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    }
    const port = this.detour ?? Number(target.split(':').at(-1));
    const onward = connect(port, '127.0.0.1');
    this.#keep(onward);
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
  }

  #keep(socket: Duplex | Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
