import type { IncomingMessage } from 'node:http';
import { TallyError } from '@tallystick/kernel';
import { assertSameSite, isSafe } from '@tallystick/kernel/node';

const HOST = /^(?<name>\[[0-9a-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/i;
const OWN_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** Names by which a browser may call the page: those of this machine, its address, and what node.yaml adds. */
export function allowedNames(listen: string, hosts: readonly string[]): ReadonlySet<string> {
  const address = listen.includes(':') ? `[${listen}]` : listen;
  return new Set([...OWN_NAMES, address, ...hosts.map((host) => host.toLowerCase())]);
}

/**
 * Refuses what another site makes a browser send. A name that an attacker points at this machine (DNS rebinding) shows in
 * Host; a request from another page shows in the fetch metadata, also when it reads. Throws AUTH_CROSS_SITE.
 */
export function assertOwnPage(request: IncomingMessage, names: ReadonlySet<string>): void {
  const name = HOST.exec(request.headers.host ?? '')?.groups?.['name']?.toLowerCase();
  if (name === undefined || !names.has(name))
    throw refused('it calls this machine by another name');
}

/** The same for what is asked of the API, where nothing may come from another page. */
export function assertOwnCall(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site'];
  if (isSafe(request) && site !== undefined && site !== 'same-origin') {
    throw refused('a page elsewhere reads it');
  }
  assertSameSite(request, false);
}

/** What stands behind `Authorization: Bearer`; undefined without it. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]{1,512})$/.exec(headers.authorization ?? '')?.[1];
}

function refused(reason: string): TallyError {
  return new TallyError('AUTH_CROSS_SITE', { reason });
}
