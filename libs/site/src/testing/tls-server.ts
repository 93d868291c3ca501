import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { selfSigned, spkiPin } from '@tallystick/kernel/node';

const DAY_MS = 86_400_000;

export interface TlsServerOptions {
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly to?: Date;
}

/** A TLS server with a certificate of its own; it counts what it was asked. */
export class TlsServer {
  readonly pin: string;
  readonly certificate: string;
  /** Method and path of every request that reached it. */
  readonly requests: string[] = [];
  readonly server: Server;

  private constructor(options: TlsServerOptions) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const nowMs = Date.now();
    this.certificate = selfSigned({
      key: createPrivateKey(pem),
      names: options.names ?? ['localhost', '127.0.0.1'],
      from: options.from ?? new Date(nowMs - DAY_MS),
      to: options.to ?? new Date(nowMs + DAY_MS),
      serial: randomBytes(16),
    });
    this.pin = spkiPin(new X509Certificate(this.certificate).publicKey);
    this.server = createServer({ key: pem, cert: this.certificate }, (request, response) =>
      this.#answer(request, response),
    );
  }

  static async start(options: TlsServerOptions = {}): Promise<TlsServer> {
    const it = new TlsServer(options);
    await new Promise<void>((resolve) => it.server.listen(0, '127.0.0.1', resolve));
    return it;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #answer({ method, url }: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${method} ${url}`);
    response.setHeader('content-type', 'application/json');
    response.end('{"a":1}');
  }
}
