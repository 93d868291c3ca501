import { hostname } from 'node:os';
import { TallyError } from '@tallystick/kernel';

/** How the API is served. */
export type TlsChoice =
  /** Plain HTTP: loopback. */
  | { readonly kind: 'none' }
  /** Plain HTTP: a proxy in front ends TLS, and says for whom it asks. */
  | { readonly kind: 'proxy' }
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
  /** A certificate of its own, under these names. */
  | { readonly kind: 'own'; readonly names: readonly string[] };

export interface TlsSettings {
  readonly host: string;
  readonly publicUrl?: string | undefined;
  readonly tls: {
    readonly mode: 'auto' | 'on' | 'proxy';
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
  };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
const WILDCARD = /^(0\.0\.0\.0|::)$/;

/** TLS outside loopback, unless a proxy in front does it. */
export function tlsChoice({ host, publicUrl, tls }: TlsSettings): TlsChoice {
  const { mode, certificate, key } = tls;
  if (mode === 'proxy') return { kind: 'proxy' };
  if (certificate !== undefined && key !== undefined) return { kind: 'files', certificate, key };
  if (mode === 'auto' && LOOPBACK.test(host)) return { kind: 'none' };
  const called = publicUrl === undefined ? bareHost(host) : nameIn(publicUrl);
  const names = [called, bareHost(host), 'localhost', '127.0.0.1'];
  return { kind: 'own', names: [...new Set(names)] };
}

/** What of the settings does not fit together; one line each. */
export function tlsFaults(settings: TlsSettings): string[] {
  const { publicUrl, tls } = settings;
  const faults: string[] = [];
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    faults.push('  TALLY_TLS__CERTIFICATE and TALLY_TLS__KEY: go together');
  }
  if (tls.mode === 'proxy' && tls.certificate !== undefined) {
    faults.push('  TALLY_TLS__CERTIFICATE: is the proxy’s when TALLY_TLS__MODE is proxy');
  }
  const { kind } = tlsChoice(settings);
  const isPlain = publicUrl?.startsWith('https:') !== true;
  if (kind === 'proxy' && isPlain) {
    faults.push('  TALLY_PUBLIC_URL: must be the https:// address of the proxy');
  }
  if ((kind === 'own' || kind === 'files') && publicUrl !== undefined && isPlain) {
    faults.push('  TALLY_PUBLIC_URL: must start with https://, since TLS is served here');
  }
  return faults;
}

/** The address that others use when nothing else is said: a wildcard is no address. */
export function addressFor(url: string, host: string): string {
  if (!WILDCARD.test(host)) return url;
  const address = new URL(url);
  address.hostname = hostname();
  return address.href.replace(/\/$/, '');
}

function bareHost(host: string): string {
  return WILDCARD.test(host) ? hostname() : host;
}

function nameIn(url: string): string {
  if (!URL.canParse(url)) throw new TallyError('USAGE_INVALID', { detail: `${url} is no address` });
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
