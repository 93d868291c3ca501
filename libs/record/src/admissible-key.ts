import type { PublicKey } from '@tallystick/kernel';

/** Field prime of Curve25519. */
const P = (1n << 255n) - 19n;
/** y of a point of order 8; the other y of that order is −y. */
const ORDER_EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/**
 * The five y < p of small order. Either sign of each is refused; with the encodings of y ≥ p, which are not
 * canonical, these are all 14 small-order encodings (protocol.md §4).
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, ORDER_EIGHT, P - ORDER_EIGHT]);

/** True iff y < p and the key is not a small-order encoding: verifiers accept such keys for any message. */
export function isAdmissibleKey(key: PublicKey): boolean {
  if (!/^[0-9a-f]{64}$/.test(key)) return false;
  const bigEndian = key.match(/../g)?.reverse().join('') ?? '';
  const y = BigInt(`0x${bigEndian}`) & ((1n << 255n) - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
}
