import { asHash, type Hash } from '@tallystick/kernel';

/** `0x`-prefixed lower-case hex, the text form of JSON-RPC and of raw chain specs. Buffer's codec: 20 times kernel's speed. */
export function toHex0x(bytes: Uint8Array): string {
  return `0x${plainHex(bytes)}`;
}

/** Bytes of `0x…`; throws RangeError on anything else. The result is a fresh buffer. */
export function fromHex0x(text: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new RangeError(`not 0x-prefixed hex: ${text.slice(0, 80)}`);
  }
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

/** 32 bytes as the hex text used for hashes everywhere in TypeScript. */
export function hashOf(bytes: Uint8Array): Hash {
  return asHash(plainHex(bytes));
}

/** The 32 bytes of `hash`, in a fresh buffer. */
export function hashBytes(hash: Hash): Uint8Array {
  return new Uint8Array(Buffer.from(hash, 'hex'));
}

function plainHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
