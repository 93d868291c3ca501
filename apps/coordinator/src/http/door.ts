import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TallyError } from '@tallystick/kernel';
import { setClientAddress } from '../client-address.js';
import type { Deployment } from '../deployment.js';

/** Asked by machines beside this one, by whatever name; they tell nothing that is secret. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);
const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

/**
 * What every request and every upgrade passes first. A name that is not this coordinator's is refused (DNS rebinding); behind
 * a proxy, so is whatever did not come to it over TLS.
 */
export class Door {
  readonly #deployment: Pick<Deployment, 'publicUrl' | 'isBehindProxy'>;

  constructor(deployment: Pick<Deployment, 'publicUrl' | 'isBehindProxy'>) {
    this.#deployment = deployment;
  }

  /** Throws AUTH_HOST or AUTH_PLAIN_HTTP. */
  admit(request: IncomingMessage): void {
    if (PROBES.has(request.url?.split('?')[0] ?? '')) return;
    this.#checkHost(request);
    if (this.#deployment.isBehindProxy === true) this.#checkForwarded(request);
  }

  /** An address needs no name, so nobody can have taken the name over. */
  #checkHost({ headers }: IncomingMessage): void {
    const host = headers.host ?? '';
    const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
    const name = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
    const own = new URL(this.#deployment.publicUrl).hostname;
    const isPlainHost = url?.pathname === '/' && url.username === '' && url.search === '';
    if (isPlainHost && (name === own || name === 'localhost' || isIP(name) !== 0)) return;
    throw new TallyError('AUTH_HOST', { host: host.slice(0, 100) || 'nothing' });
  }

  /** The last entry is the proxy's own word; whatever stands before it the client may have written. */
  #checkForwarded(request: IncomingMessage): void {
    const scheme = lastOf(request.headers['x-forwarded-proto']);
    const address = lastOf(request.headers['x-forwarded-for']);
    if (scheme === undefined && address === undefined && isFromHere(request)) return;
    if (scheme !== 'https') {
      throw new TallyError('AUTH_PLAIN_HTTP', { url: this.#deployment.publicUrl });
    }
    if (address !== undefined && isIP(address) !== 0) setClientAddress(request, address);
  }
}

/** The operator on this very machine, not through the proxy. */
function isFromHere({ socket }: IncomingMessage): boolean {
  return LOOPBACK.test(socket.remoteAddress ?? '');
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',').at(-1)?.trim();
}
