import { fromHex, type Signer, toHex } from '@tallystick/kernel';

/** Encodings that every verifier must refuse or take, with the reason; decided on bytes alone. */
export interface KeyVector {
  readonly key: string;
  readonly admissible: boolean;
  readonly why: string;
}

const P = (1n << 255n) - 19n;

function encodingOf(y: bigint, sign: 0 | 1): string {
  const value = y | (BigInt(sign) << 255n);
  const digits = value.toString(16).padStart(64, '0');
  return toHex(fromHex(digits).reverse());
}

/** The 14 small-order encodings, the other encodings with y ≥ p, and keys that are fine. */
export function keyVectors(signers: readonly Signer[]): readonly KeyVector[] {
  const orderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
  const small: readonly (readonly [bigint, string])[] = [
    [0n, 'order 4'],
    [1n, 'order 1'],
    [P - 1n, 'order 2'],
    [orderEight, 'order 8'],
    [P - orderEight, 'order 8'],
    [P, 'order 4, not canonical'],
    [P + 1n, 'order 1, not canonical'],
  ];
  const refused = [
    ...small,
    ...Array.from({ length: 17 }, (_, i) => [P + 2n + BigInt(i), 'not canonical: y >= p'] as const),
  ];
  const signs = [0, 1] as const;
  return [
    ...refused.flatMap(([y, why]) =>
      signs.map((sign) => ({ key: encodingOf(y, sign), admissible: false, why })),
    ),
    ...signers.map(({ key }) => ({ key, admissible: true, why: 'a key' })),
    {
      key: encodingOf(4n * modInverse(5n), 0),
      admissible: true,
      why: 'the base point',
    },
    { key: encodingOf(P - 2n, 1), admissible: true, why: 'largest canonical y of no small order' },
    {
      key: encodingOf(2n, 0),
      admissible: true,
      why: 'y = 2: judged as bytes, on the curve or not',
    },
  ];
}

function modInverse(a: bigint): bigint {
  let result = 1n;
  let base = a % P;
  for (let e = P - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}
