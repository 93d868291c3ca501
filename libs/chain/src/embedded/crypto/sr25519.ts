import { ed25519, ristretto255 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { utf8 } from '@tallystick/kernel';
import { littleEndian } from '../scale.js';
import { Strobe128 } from './strobe128.js';

const { Point } = ristretto255;
const ORDER = ed25519.CURVE.n;

/** Merlin transcript (merlin.cool, "Transcript Protocols"). */
class Transcript {
  readonly #strobe = new Strobe128(utf8('Merlin v1.0'));

  constructor(label: string) {
    this.append('dom-sep', utf8(label));
  }

  append(label: string, message: Uint8Array): void {
    this.#frame(label, message.length);
    this.#strobe.ad(message);
  }

  challenge(label: string, length: number): Uint8Array {
    this.#frame(label, length);
    return this.#strobe.prf(length);
  }

  #frame(label: string, length: number): void {
    this.#strobe.metaAd(utf8(label));
    this.#strobe.metaAd(littleEndian(length, 4), true);
  }
}

/**
 * Schnorrkel signature over ristretto255 with signing context "substrate": what wallets of Substrate chains make by
 * default. False for anything malformed: unmarked or unreduced s, undecodable R or key.
 */
export function verifySr25519(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const commitment = signature.subarray(0, 32);
  const scalarBytes = signature.slice(32, 64);
  const last = scalarBytes[31] ?? 0;
  if ((last & 0x80) === 0) return false;
  scalarBytes[31] = last & 0x7f;
  const s = bytesToNumberLE(scalarBytes);
  if (s >= ORDER) return false;
  try {
    const key = Point.fromBytes(publicKey);
    const r = Point.fromBytes(commitment);
    const k = challenge(commitment, message, publicKey);
    return times(Point.BASE, s).subtract(times(key, k)).equals(r);
  } catch {
    return false;
  }
}

function challenge(commitment: Uint8Array, message: Uint8Array, publicKey: Uint8Array): bigint {
  const transcript = new Transcript('SigningContext');
  transcript.append('', utf8('substrate'));
  transcript.append('sign-bytes', message);
  transcript.append('proto-name', utf8('Schnorr-sig'));
  transcript.append('sign:pk', publicKey);
  transcript.append('sign:R', commitment);
  return bytesToNumberLE(transcript.challenge('sign:c', 64)) % ORDER;
}

/** Public values only, hence the variable-time multiplication; it refuses zero. */
function times(point: InstanceType<typeof Point>, scalar: bigint): InstanceType<typeof Point> {
  return scalar === 0n ? Point.ZERO : point.multiplyUnsafe(scalar);
}
