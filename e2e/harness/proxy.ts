import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** The HTTP proxy of a hospital: opens tunnels by CONNECT for whoever has its password, and knows every name. */
export class Proxy {
  /** `host:port` of every tunnel that was opened. */
  readonly opened: string[] = [];
  /** Where all names lead. */
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor(login: string) {
    const wanted = `Basic ${Buffer.from(login).toString('base64')}`;
    this.#server = createServer((_request, response) => response.writeHead(405).end());
    this.#server.on('connect', ({ url = '', headers }, socket) => {
      this.#keep(socket);
      if (headers['proxy-authorization'] !== wanted) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      this.opened.push(url);
      const onward = connect(this.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket);
        socket.pipe(onward);
      });
      this.#keep(onward);
    });
  }

  /** @param login `name:password` */
  static async start(login: string): Promise<Proxy> {
    const proxy = new Proxy(login);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** For HTTPS_PROXY. */
  urlFor(login: string): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://${login}@127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
