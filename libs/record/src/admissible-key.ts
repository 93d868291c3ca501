import type { PublicKey } from '@tallystick/kernel';

/** Field prime of Curve25519. */
const P = (1n << 255n) - 19n;

/**
 * The five y < p of small order. Either sign of each is refused; with the encodings of y ≥ p, which are not
 * canonical, these are all 14 small-order encodings (protocol.md §4).
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d4d6a17c7n,
]);

/** True iff y < p and the key is not a small-order encoding: verifiers accept such keys for any message. */
export function isAdmissibleKey(key: PublicKey): boolean {
  if (!/^[0-9a-f]{64}$/.test(key)) return false;
  const bigEndian = key.match(/../g)?.reverse().join('') ?? '';
  const y = BigInt(`0x${bigEndian}`) & ((1n << 255n) - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
}
