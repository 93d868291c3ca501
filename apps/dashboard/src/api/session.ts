import type { Me, MeView } from '@tallystick/protocol';
import { createContext, useContext } from 'react';
import { ApiError } from './api-error.js';
import { get, send, signInWith } from './client.js';

export type { Me };
export type SignIn = MeView;

/** Before anybody has said who they are: may do nothing. */
const NOBODY: Me = { kind: 'user', name: '', role: 'site', organisation: null, permissions: [] };

export const Session = createContext<Me>(NOBODY);

export const useMe = (): Me => useContext(Session);

export function may(me: Me, permission: string): boolean {
  return me.permissions.includes(permission);
}

/** Uses a one-time link up when the address holds one, then asks who this is. */
export async function whoAmI(): Promise<SignIn> {
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket');
  if (ticket !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    await send('POST', 'auth/link', { ticket });
  }
  return get<SignIn>('auth/me');
}

export async function signInByToken(token: string): Promise<Me> {
  signInWith(token);
  try {
    const { me } = await get<SignIn>('auth/me');
    if (me !== null) return me;
  } catch (error) {
    signInWith(undefined);
    throw error;
  }
  signInWith(undefined);
  throw new ApiError(401, {
    code: 'AUTH_REQUIRED',
    message: 'this token is not known here',
    hint: 'the token of the operator is the line in the file api-token of the data folder',
  });
}

export async function signInByName(name: string, password: string): Promise<void> {
  await send('POST', 'auth/login', { name, password });
}

export async function signOut(): Promise<void> {
  signInWith(undefined);
  await send('POST', 'auth/logout').catch(() => undefined);
  location.assign('/');
}
