import type { IncomingMessage } from 'node:http';
import { TallyError } from '../errors/tally-error.js';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafe({ method = 'GET' }: IncomingMessage): boolean {
  return SAFE.has(method);
}

/**
 * Refuses what another site makes a browser send: an unsafe request must say that it comes from this page (Fetch Metadata
 * §2.3, or an equal Origin) and must be JSON, which a form cannot send. Throws AUTH_CROSS_SITE.
 * @param hasCookie a session came along; a program without one need not say where it comes from.
 */
export function assertSameSite(request: IncomingMessage, hasCookie: boolean): void {
  if (isSafe(request)) return;
  const { headers, method } = request;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  if (site !== undefined) {
    if (site !== 'same-origin') throw refused(`Sec-Fetch-Site is ${String(site).slice(0, 40)}`);
  } else if (origin !== undefined) {
    if (hostOf(origin) !== headers.host) throw refused('Origin is another host');
  } else if (hasCookie) throw refused('neither Sec-Fetch-Site nor Origin came with the cookie');
  const isJson = /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
  if (!isJson && method !== 'DELETE') throw refused('the body is not application/json');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function refused(reason: string): TallyError {
  return new TallyError('AUTH_CROSS_SITE', { reason });
}
