import { X509Certificate } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { type Clock, TallyError } from '@tallystick/kernel';
import { linkAborts, spkiPin, untilAborted } from '@tallystick/kernel/node';
import { proxyName } from './proxy-rule.js';
import { tunnel } from './tunnel.js';
import type { Way } from './way.js';

/** From the first packet to a connection that may be written to. */
const DIAL_TIMEOUT_MS = 10_000;

/**
 * A connection to the host of `url` on which the first byte may be sent: straight or through the proxy of `way`, with TLS
 * (≥ 1.2) for https and wss, and the other side's certificate judged. Every request and every WebSocket to a coordinator
 * begins here. Rejects with NET_UNREACHABLE, NET_TIMEOUT, NET_PROXY*, AUTH_CERTIFICATE*, AUTH_PLAIN_HTTP, or the reason of
 * `signal`.
 */
export async function dial(
  url: string,
  way: Way,
  { clock, signal: caller }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Socket> {
  const target = new URL(url);
  const isSecure = target.protocol === 'https:' || target.protocol === 'wss:';
  if (!isSecure && way.pins.length > 0) throw new TallyError('AUTH_PLAIN_HTTP', { url });
  const proxy = way.proxy(target);
  const what = proxy === undefined ? url : `the proxy ${proxyName(proxy)}`;
  const late = new AbortController();
  const timer = clock.after(DIAL_TIMEOUT_MS, () => {
    late.abort(new TallyError('NET_TIMEOUT', { what, timeoutMs: DIAL_TIMEOUT_MS }));
  });
  const aborts = linkAborts(caller, late.signal);
  let socket: Socket | undefined;
  try {
    const { signal } = aborts;
    const host = `${target.hostname}:${portOf(target, isSecure)}`;
    socket = await (proxy === undefined
      ? straight(target, { url, isSecure, signal })
      : untilAborted(tunnel(proxy, { host, url }, signal), signal));
    if (!isSecure) return socket;
    return await untilAborted(secure(socket, { url, way, nowMs: () => clock.nowMs() }), signal);
  } catch (error) {
    socket?.destroy();
    throw error;
  } finally {
    timer.cancel();
    aborts.release();
  }
}

function portOf({ port }: URL, isSecure: boolean): number {
  return port === '' ? (isSecure ? 443 : 80) : Number(port);
}

function nameOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function straight(
  target: URL,
  { url, isSecure, signal }: { url: string; isSecure: boolean; signal: AbortSignal },
): Promise<Socket> {
  const socket = connect({ host: nameOf(target), port: portOf(target, isSecure) });
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error) => {
      reject(new TallyError('NET_UNREACHABLE', { url, reason: reasonOf(error) }, error));
    });
  });
  return untilAborted(connected, signal).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

interface Judging {
  readonly url: string;
  readonly way: Way;
  readonly nowMs: () => number;
}

/** Shakes hands; with a pin the key alone decides, and the dates, before anything is sent. */
function secure(socket: Socket, { url, way, nowMs }: Judging): Promise<TLSSocket> {
  const host = nameOf(new URL(url));
  const isPinned = way.pins.length > 0;
  const tls = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: !isPinned,
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: TallyError): void => {
      tls.destroy();
      reject(error);
    };
    tls.once('secureConnect', () => {
      const fault = isPinned ? pinFault(tls, { url, way, nowMs }) : undefined;
      if (fault === undefined) resolve(tls);
      else refuse(fault);
    });
    tls.on('error', (error: Error) => refuse(faultOf(error, tls, url)));
    tls.once('close', () => {
      refuse(new TallyError('NET_UNREACHABLE', { url, reason: 'it hung up before TLS stood' }));
    });
  });
}

/** The certificate that the other side showed. `getPeerX509Certificate` gives it only once (Node.js 20.20). */
export function peerCertificate(socket: Socket): X509Certificate | undefined {
  const raw: unknown = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
  return raw instanceof Uint8Array ? new X509Certificate(raw) : undefined;
}

function pinFault(tls: TLSSocket, { url, way, nowMs }: Judging): TallyError | undefined {
  const certificate = peerCertificate(tls);
  if (certificate === undefined) {
    return new TallyError('AUTH_CERTIFICATE', { url, reason: 'it shows none' });
  }
  const shown = spkiPin(certificate.publicKey);
  if (!way.pins.includes(shown)) {
    return new TallyError('AUTH_CERTIFICATE_PIN', { url, shown, pinned: way.pins.join(' or ') });
  }
  const { validFrom, validTo } = certificate;
  if (nowMs() > Date.parse(validTo)) return expired(url, `it ended on ${validTo}`);
  if (nowMs() < Date.parse(validFrom)) return expired(url, `it begins on ${validFrom}`);
  return undefined;
}

function expired(url: string, reason: string, cause?: unknown): TallyError {
  return new TallyError('AUTH_CERTIFICATE_EXPIRED', { url, reason }, cause);
}

/** `authorizationError` is set when it is the certificate that was refused. */
function faultOf(error: Error, tls: TLSSocket, url: string): TallyError {
  const refused: unknown = tls.authorizationError; // null until then, whatever its type says
  const reason = reasonOf(error);
  const code = 'code' in error ? error.code : '';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return expired(url, reason, error);
  }
  if (refused !== null && refused !== undefined)
    return new TallyError('AUTH_CERTIFICATE', { url, reason }, error);
  return new TallyError('NET_UNREACHABLE', { url, reason }, error);
}

/** Several addresses of one name fail as an AggregateError without words of its own. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError
    ? error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
    : error.message;
}
