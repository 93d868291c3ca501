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
  const bytes = concatBytes(payload, checksum(payload));
  let text = '';
  for (let rest = BigInt(`0x${toHex(bytes)}`); rest > 0n; rest /= 58n) {
    text = ALPHABET.charAt(Number(rest % 58n)) + text;
  }
  const leadingZeros = bytes.findIndex((byte) => byte !== 0);
  return ALPHABET.charAt(0).repeat(leadingZeros) + text;
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
  const hex = value
    .toString(16)
    .padStart(2 * (33 + CHECKSUM_BYTES), '0')
    .slice(0, 66);
  const account = asAccountId(hex.slice(2));
  if (ss58Address(account, Number.parseInt(hex.slice(0, 2), 16)) !== address) {
    throw new RangeError(`${address} is not an SS58 address of a 32-byte account`);
  }
  return account;
}
