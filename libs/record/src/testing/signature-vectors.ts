import { fromHex, type Signer, toHex, utf8 } from '@tallystick/kernel';

/** A signature with what the off-chain rule and ZIP-215 say of it. */
export interface SignatureVector {
  readonly name: string;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
  /** S < L and the cofactorless equation, R compared as bytes. */
  readonly valid: boolean;
  /** The runtime's rule; `valid` implies it. */
  readonly zip215: boolean;
}

/** Signatures of "tally" by the vectors' key. */
export function signatureVectors(signer: Signer): readonly SignatureVector[] {
  const message = utf8('tally');
  const good = signer.sign(message);
  const L = (1n << 252n) + 27742317777372353535851937790883648493n;
  const scalar = BigInt(`0x${toHex(fromHex(good.slice(64)).reverse())}`) + L;
  const highS = toHex(fromHex(scalar.toString(16).padStart(64, '0')).reverse());
  const vector = (
    name: string,
    signature: string,
    verdict: Pick<SignatureVector, 'valid' | 'zip215'>,
    text: Uint8Array = message,
  ): SignatureVector => ({ name, key: signer.key, message: toHex(text), signature, ...verdict });
  const bad = { valid: false, zip215: false };
  const flipped = (at: number): string =>
    toHex(fromHex(good).map((byte, i) => (i === at ? byte ^ 1 : byte)));
  return [
    vector('good', good, { valid: true, zip215: true }),
    vector('S + L', good.slice(0, 64) + highS, bad),
    vector('one bit of R', flipped(0), bad),
    vector('one bit of S', flipped(32), bad),
    vector('another message', good, bad, utf8('tallz')),
    vector('zeros', '0'.repeat(128), bad),
    // R moved by a point of order 8 and S made for that R: only the cofactored equation holds.
    vector(
      'R with a torsion component',
      '607055ca3d4aa8af26961afb12b1e60a75fac88f9c260ff25806631dbb26915983fd95092bbaa2348d7ea9e9193e6c46478588f89c837f616131c0f90dde4906',
      { valid: false, zip215: true },
    ),
    {
      name: 'identity key: holds for every message, the key is refused as bytes',
      key: `01${'00'.repeat(31)}`,
      message: toHex(message),
      signature: `01${'00'.repeat(63)}`,
      valid: true,
      zip215: true,
    },
  ];
}
