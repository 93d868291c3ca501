import type { IncomingMessage } from 'node:http';

/** Longest cookie that is looked at. */
const MAX_COOKIE_CHARS = 512;

/** Value of the cookie; undefined when it is absent, too long, or sent twice with different values. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  const isOne = value !== undefined && values.every((other) => other === value);
  return isOne && value.length > 0 && value.length <= MAX_COOKIE_CHARS ? value : undefined;
}

/** Over TLS only this host can set it, for this host alone (RFC 6265bis §4.1.3.2). */
export function cookieName(name: string, isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : name;
}

/** A `Set-Cookie` value; without scripts, and not sent along by other sites' forms. */
export function cookieText(
  name: string,
  value: string,
  { isSecure, maxAgeS }: { readonly isSecure: boolean; readonly maxAgeS: number },
): string {
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${secure}`;
}
