import { secp256k1 } from '@noble/curves/secp256k1.js';

/** Why no key was recovered; the numbers are those of sp-io's `EcdsaVerifyError`. */
export type EcdsaFault = 'badRS' | 'badV' | 'badSignature';

const ORDER = secp256k1.CURVE.n;

function big(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/**
 * Public key of a recoverable ECDSA signature over secp256k1 (SEC 1 §4.1.6).
 * @param signature r ‖ s ‖ v, 65 bytes, v in 0..3 or 27..30. @param digest 32 bytes.
 * @returns the compressed key (33 bytes) or the fault.
 */
export function recoverEcdsa(signature: Uint8Array, digest: Uint8Array): Uint8Array | EcdsaFault {
  const v = signature[64] ?? 0xff;
  const recovery = v > 26 ? v - 27 : v;
  if (recovery > 3) return 'badV';
  const r = big(signature.subarray(0, 32));
  const s = big(signature.subarray(32, 64));
  if (r >= ORDER || s >= ORDER) return 'badRS';
  try {
    const recoverable = new secp256k1.Signature(r, s).addRecoveryBit(recovery);
    return recoverable.recoverPublicKey(digest).toBytes(true);
  } catch {
    return 'badSignature';
  }
}
