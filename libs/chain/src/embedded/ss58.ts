import { blake2b } from '@noble/hashes/blake2.js';
import { type AccountId, asAccountId, concatBytes, fromHex, toHex, utf8 } from '@tallystick/kernel';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const CHECKSUM_BYTES = 2;

function checksum(payload: Uint8Array): Uint8Array {
  return blake2b(concatBytes(utf8('SS58PRE'), payload)).subarray(0, CHECKSUM_BYTES);
}

/** SS58 address of a 32-byte account or key. @param prefix network number 0–63; 42 is Substrate's generic one. */
export function ss58Address(account: string, prefix = 42): string {
  const payload = concatBytes(Uint8Array.of(prefix), fromHex(account));
  let rest = BigInt(`0x${toHex(concatBytes(payload, checksum(payload)))}`);
  let text = '';
  for (; rest > 0n; rest /= 58n) text = ALPHABET.charAt(Number(rest % 58n)) + text;
  return prefix === 0 ? `1${text}` : text;
}

/** Account of an SS58 address with a one-byte prefix; throws RangeError on a wrong length, letter or checksum. */
export function ss58Account(address: string): AccountId {
  if (address.length > 64) throw new RangeError('an address has at most 64 letters');
  let value = 0n;
  for (const letter of address) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) throw new RangeError(`${address} is not an SS58 address: letter ${letter}`);
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16).padStart(2 * (33 + CHECKSUM_BYTES), '0');
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  const payload = bytes.subarray(0, 33);
  if (bytes.length !== 35 || toHex(checksum(payload)) !== toHex(bytes.subarray(33))) {
    throw new RangeError(`${address} is not an SS58 address of a 32-byte account`);
  }
  return asAccountId(toHex(payload.subarray(1)));
}
