import { concatBytes, utf8 } from '@tallystick/kernel';
import { blake2b128, twox128, twox64 } from './hashing.js';

/** Key of the running wasm in every Substrate state. */
export const CODE_KEY: Uint8Array = utf8(':code');

/**
 * Storage key of FRAME: twox128(pallet) ‖ twox128(item) ‖ hashed map keys, each made by the hasher its storage
 * item declares (`twox64concat`, `blake2b128concat`). Without hashed keys: a value, or the prefix of a map.
 */
export function storageKey(
  pallet: string,
  item: string,
  ...hashedKeys: readonly Uint8Array[]
): Uint8Array {
  return concatBytes(prefixOf(pallet, item), ...hashedKeys);
}

/** A few dozen items exist; hashing their names again for every read was most of an audit's time. */
const MAX_PREFIXES = 256;
const prefixes = new Map<string, Uint8Array>();

function prefixOf(pallet: string, item: string): Uint8Array {
  const name = `${pallet}.${item}`;
  const known = prefixes.get(name);
  if (known !== undefined) return known;
  const prefix = concatBytes(twox128(utf8(pallet)), twox128(utf8(item)));
  if (prefixes.size < MAX_PREFIXES) prefixes.set(name, prefix);
  return prefix;
}

/** FRAME's `Twox64Concat`: for keys nobody can choose freely (numbers given out in order). */
export function twox64concat(key: Uint8Array): Uint8Array {
  return concatBytes(twox64(key), key);
}

/** FRAME's `Blake2_128Concat`: for keys chosen from outside. */
export function blake2b128concat(key: Uint8Array): Uint8Array {
  return concatBytes(blake2b128(key), key);
}

/**
 * Inside the host a storage key is text with one character per byte: it keys a Map without copies, and JavaScript's
 * order of such texts is the order of the bytes.
 */
export function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}

/** The bytes of a key text, in a fresh buffer. */
export function keyBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}
