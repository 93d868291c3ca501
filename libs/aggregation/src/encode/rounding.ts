import { fromHex, type Hash, type Sha256, utf8 } from '@tallystick/kernel';

const TAG = utf8('tally/round/v1');

/**
 * Two u32 words from which the numbers of stochastic rounding are drawn: position j has the word
 * mix(mix(j + first) + second) modulo 2³², uniform in 0 … 2³² − 1, where mix is the finaliser of MurmurHash3
 * (Appleby). A counter and not a sequence, so that neither blocks nor unsent positions nor vector lanes can move a
 * later number. Seeds are public: nothing secret hangs on it.
 */
export interface RoundingKey {
  readonly first: number;
  readonly second: number;
}

/** The first two little-endian words of H("tally/round/v1" ‖ seed). */
export function roundingKey(sha256: Sha256, seed: Hash): RoundingKey {
  const digest = new DataView(fromHex(sha256(TAG, fromHex(seed))).buffer);
  return { first: digest.getUint32(0, true), second: digest.getUint32(4, true) };
}
