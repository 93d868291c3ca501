import { ed25519 as noble } from '@noble/curves/ed25519.js';
import { asPublicKey, asSignature, toHex } from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/node';

/**
 * Ed25519 as a Substrate node judges it: ZIP-215. node:crypto accepts a subset of it ten times faster, so only its
 * "false" is asked again.
 */
export function verifyEd25519(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const key = asPublicKey(toHex(publicKey));
  if (ed25519.verify(key, message, asSignature(toHex(signature)))) return true;
  try {
    return noble.verify(signature, message, publicKey, { zip215: true });
  } catch {
    return false;
  }
}
