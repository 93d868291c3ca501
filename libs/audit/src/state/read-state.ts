import { asHash, asPublicKey, type Hash, type PublicKey, toHex } from '@tallystick/kernel';
import { ScaleReader, storageKey, twox64concat } from '@tallystick/chain/proof';
import { Mismatch } from '../findings.js';

/** Reads one storage value of a block's state; undefined when the key is not set. */
export type ReadState = (key: Uint8Array) => Uint8Array | undefined;

/** Storage key of `pallet.item`, or of one entry of a map whose keys are u32 hashed with Twox64Concat. */
export function keyOf(pallet: string, item: string, ...ids: readonly number[]): Uint8Array {
  return storageKey(pallet, item, ...ids.map((id) => twox64concat(u32(id))));
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

/**
 * Decodes a whole storage value. A genesis and a Sudo key can put any bytes there: what cannot be read is a Mismatch.
 * @param what the item, for the finding
 */
export function decodeValue<T>(
  what: string,
  bytes: Uint8Array,
  decode: (reader: ScaleReader) => T,
): T {
  try {
    const reader = new ScaleReader(bytes);
    const value = decode(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { record: `${what} in the chain's state`, by: 'chain operator' } as const;
    throw new Mismatch(place, { expected: 'a value of the pallet', found: error.message });
  }
}

/** The next 32 bytes as a hash. */
export function hashFrom(reader: ScaleReader): Hash {
  return asHash(toHex(reader.take(32)));
}

/** The next 32 bytes as a public key. */
export function keyFrom(reader: ScaleReader): PublicKey {
  return asPublicKey(toHex(reader.take(32)));
}

/** The next 16 bytes as u128. */
export function u128From(reader: ScaleReader): bigint {
  return reader.u64() | (reader.u64() << 64n);
}
