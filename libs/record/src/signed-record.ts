import {
  asSignature,
  concatBytes,
  type Ed25519,
  fromHex,
  type Hash,
  type PublicKey,
  type Sha256,
  type Signature,
  type Signer,
  toHex,
} from '@tallystick/kernel';
import { isAdmissibleKey } from './admissible-key.js';
import { RECEIPT } from './codecs.js';
import { type RecordCodec, signingBytes } from './record-codec.js';
import type { Receipt } from './records.js';

const SIGNATURE_BYTES = 64;

/** A record with the signature over its `signingBytes`. */
export interface Signed<T> {
  readonly value: T;
  readonly signature: Signature;
}

/** Hex of SCALE ‖ signature: a signed record on the wire. */
export function encodeSigned<T>(codec: RecordCodec<T>, value: T, signature: Signature): string {
  return toHex(concatBytes(codec.encode(value), fromHex(asSignature(signature))));
}

/** Reads `encodeSigned`'s text; verifies nothing. Throws RangeError on a wrong length or character. */
export function decodeSigned<T>(codec: RecordCodec<T>, hex: string): Signed<T> {
  const digits = 2 * (codec.size + SIGNATURE_BYTES);
  if (hex.length !== digits || !/^[0-9a-f]+$/.test(hex)) {
    throw new RangeError(`a signed ${codec.name} has ${digits} lower-case hex digits`);
  }
  const split = 2 * codec.size;
  return {
    value: codec.decode(fromHex(hex.slice(0, split))),
    signature: asSignature(hex.slice(split)),
  };
}

/** Signs tag ‖ SCALE. */
export function signRecord<T>(
  codec: RecordCodec<T>,
  value: T,
  signer: Signer,
): { readonly signature: Signature; readonly wire: string } {
  const signature = signer.sign(signingBytes(codec, value));
  return { signature, wire: encodeSigned(codec, value, signature) };
}

/** True iff `key` is admissible and `signature` is its signature of this record. */
export function verifyRecord<T>(
  ed25519: Ed25519,
  codec: RecordCodec<T>,
  value: T,
  key: PublicKey,
  signature: Signature,
): boolean {
  return isAdmissibleKey(key) && ed25519.verify(key, signingBytes(codec, value), signature);
}

/** H(tag ‖ SCALE ‖ signature). Signatures are not unique, so a receipt's identity covers its own. */
export function receiptHash(sha256: Sha256, receipt: Receipt, signature: Signature): Hash {
  return sha256(signingBytes(RECEIPT, receipt), fromHex(signature));
}
