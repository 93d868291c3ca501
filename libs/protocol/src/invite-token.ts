import { TallyError, utf8 } from '@tallystick/kernel';
import { canonicalJson } from '@tallystick/record';
import { z } from 'zod';
import { LIMITS } from './limits.js';
import { hash, publicKey, spkiPin } from './wire-types.js';

/** An organisation's name as people write it: one line of letters, digits, spaces and common punctuation. */
export const organisationName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} .,'’&()/-]{0,126}$/u,
    'must be one line of letters, digits, spaces and punctuation, at most 127',
  );

/** Node names: shown to people, used as folder names. */
export const siteName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63');

/** 32 random bytes, base64url without padding. The coordinator stores only their hash. */
export const inviteSecret = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be 43 base64url characters');

const address = z.url({ protocol: /^https?$/ }).max(512);

/** What an invite carries: where to join, as whom, and what to pin. */
export const InviteToken = z.strictObject({
  v: z.literal(1),
  /** Base address of the coordinator, http or https. */
  url: address,
  /** Those of the other coordinators, where there are several; a site tries them in turn. */
  others: z.array(address).min(1).max(7).optional(),
  /** The public key of its TLS certificate, when no authority vouches for it. */
  pin: spkiPin.optional(),
  /** Name of the organisation that the secret is bound to. */
  organisation: organisationName,
  secret: inviteSecret,
  /** The site pins it and refuses another. */
  coordinatorKey: publicKey,
  /** Genesis block hash of the federation's chain. */
  genesis: hash,
});
export type InviteToken = z.infer<typeof InviteToken>;

/** The token as one word: base64url of its canonical JSON. */
export function encodeInviteToken(token: InviteToken): string {
  return toBase64Url(utf8(canonicalJson(token)));
}

/** Reads the word that `encodeInviteToken` made; throws AUTH_TOKEN_MALFORMED with the reason, never with the secret. */
export function decodeInviteToken(word: string): InviteToken {
  const text = word.trim();
  if (text === '') throw malformed('it is empty');
  if (text.length > LIMITS.maxInviteTokenChars) throw malformed(`it has ${text.length} characters`);
  const odd = /[^A-Za-z0-9_-]/.exec(text);
  if (odd !== null) throw malformed(`character ${odd.index + 1} is not allowed in a token`);
  const result = InviteToken.safeParse(parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

function parseJson(word: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(word.replace(/-/g, '+').replace(/_/g, '/')), (character) =>
      character.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed('it is not whole; part of it may be missing', cause);
  }
}

function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function malformed(reason: string, cause?: unknown): TallyError {
  return new TallyError('AUTH_TOKEN_MALFORMED', { reason }, cause);
}
