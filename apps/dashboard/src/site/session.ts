import type { SiteSession } from '@tallystick/protocol';
import { send, signInWith } from '../api/client.js';

/** A window's own, and gone with it. A cookie would go to every server of this machine, whatever its port (RFC 6265 §8.5). */
const KEY = 'tally-site-session';

/** Takes up this window's session, if it has one; uses the one-time link up when the address holds one. */
export async function resume(): Promise<void> {
  signInWith(sessionStorage.getItem(KEY) ?? undefined);
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket');
  if (ticket === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  await enter(ticket);
}

/** @param secret of a link, or the token of the site's token file. */
export async function enter(secret: string): Promise<void> {
  const { session } = await send<SiteSession>('POST', 'auth/link', { ticket: secret });
  sessionStorage.setItem(KEY, session);
  signInWith(session);
}

export async function leave(): Promise<void> {
  await send('POST', 'auth/logout').catch(() => undefined);
  sessionStorage.removeItem(KEY);
  location.assign('/');
}
