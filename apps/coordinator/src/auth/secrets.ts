import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { asHash, type Entropy, type Hash } from '@tallystick/kernel';

/** 256 random bits as base64url: nobody guesses it, so a plain SHA-256 of it may be stored. */
export function newSecret(entropy: Entropy): string {
  return Buffer.from(entropy.bytes(32)).toString('base64url');
}

/** A name for lists and revocations; opens nothing. */
export function newId(entropy: Entropy): string {
  return Buffer.from(entropy.bytes(8)).toString('hex');
}

export function hashOf(secret: string): Hash {
  return asHash(createHash('sha256').update(secret).digest('hex'));
}

/** In constant time. */
export function isSameHash(a: Hash, b: Hash): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

/** Parts of an API token `tly_<id>_<secret>_<crc>`. */
export interface TokenParts {
  readonly id: string;
  /** 64 hex digits. */
  readonly secret: string;
}

const TOKEN = /^(tly_([0-9a-f]{16})_([0-9a-f]{64}))_([0-9a-f]{8})$/;

/** The checksum tells a mistyped token from a revoked one, and a leaked one from other text, without the database. */
export function tokenText({ id, secret }: TokenParts): string {
  const body = `tly_${id}_${secret}`;
  return `${body}_${checksum(body)}`;
}

export function parseToken(text: string): TokenParts | undefined {
  const [, body, id, secret, crc] = TOKEN.exec(text) ?? [];
  if (body === undefined || id === undefined || secret === undefined) return undefined;
  return crc === checksum(body) ? { id, secret } : undefined;
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
