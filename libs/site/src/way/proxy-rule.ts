import { TallyError } from '@tallystick/kernel';

/** The proxy that leads to an address; undefined for the straight way. */
export type ProxyRule = (target: URL) => URL | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

const PORTS: Readonly<Record<string, string>> = {
  'http:': '80',
  'ws:': '80',
  'https:': '443',
  'wss:': '443',
};
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * HTTPS_PROXY, HTTP_PROXY (for plain HTTP) and NO_PROXY, as curl reads them; names in small letters go first. This machine
 * itself is never asked for through a proxy. The rule throws USAGE_INVALID for a proxy that has no http(s) address.
 */
export function proxyRule(env: Environment): ProxyRule {
  const read = (name: string): string | undefined => env[name.toLowerCase()] ?? env[name];
  const direct = (read('NO_PROXY') ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return (target) => {
    if (LOOPBACK.test(target.hostname) || direct.some((entry) => isNamed(target, entry))) {
      return undefined;
    }
    const variable = PORTS[target.protocol] === '443' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
    return proxyOf(variable, read(variable));
  };
}

/** `*`, a name with everything below it, an address; with `:port` for that port alone. */
function isNamed({ hostname, port, protocol }: URL, entry: string): boolean {
  if (entry === '*') return true;
  const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  if (wanted !== undefined && wanted !== (port === '' ? PORTS[protocol] : port)) return false;
  const bare = name.replace(/^\*?\./, '');
  return hostname === bare || hostname.endsWith(`.${bare}`);
}

function proxyOf(variable: string, text: string | undefined): URL | undefined {
  if (text === undefined || text === '') return undefined;
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new TallyError('USAGE_INVALID', { detail: `${variable} is no http(s) address` });
}

/** Where a proxy is, without its name and password. */
export function proxyName({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}
