import { fromHex, type Hash, type Sha256, utf8 } from '@tallystick/kernel';

const TAG = utf8('tally/round/v1');

/** Two u32 words from which the numbers of stochastic rounding are drawn. */
export interface RoundingKey {
  readonly first: number;
  readonly second: number;
}

/** The first two little-endian words of H("tally/round/v1" ‖ seed). */
export function roundingKey(sha256: Sha256, seed: Hash): RoundingKey {
  const digest = new DataView(fromHex(sha256(TAG, fromHex(seed))).buffer);
  return { first: digest.getUint32(0, true), second: digest.getUint32(4, true) };
}

/**
 * The word of position j, uniform in 0 … 2³² − 1: mix(mix(j + first) + second) in arithmetic modulo 2³². A counter
 * and not a sequence, so that neither blocks nor unsent positions nor lanes can shift a later number.
 */
export function roundingWord({ first, second }: RoundingKey, j: number): number {
  return mix((mix((j + first) | 0) + second) | 0) >>> 0;
}

/** The finaliser of MurmurHash3 (Appleby): a bijection of 32 bits in which every input bit moves every output bit. */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
