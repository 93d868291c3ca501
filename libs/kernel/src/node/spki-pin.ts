import { createHash, type KeyObject } from 'node:crypto';

/** `sha256/…`: base64 of the SHA-256 of a public key's SubjectPublicKeyInfo (RFC 7469 §2.4). */
export function spkiPin(key: KeyObject): string {
  const spki = key.export({ format: 'der', type: 'spki' });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
}
