import {
  concatBytes,
  fromHex,
  type Hash,
  type PublicKey,
  type Signer,
  utf8,
} from '@tallystick/kernel';
import type { EmbeddedChain } from '../embedded/embedded-chain.js';
import { blake2b256 } from '../embedded/hashing.js';
import { hashBytes } from '../embedded/hex.js';
import { compact, littleEndian, opaque } from '../embedded/scale.js';

/** `System.remark_with_event(text)`: a call that always succeeds. */
export function remark(text: string): Uint8Array {
  return concatBytes(Uint8Array.of(0, 7), opaque(utf8(text)));
}

/** `Balances.transfer_keep_alive(to, amount)`. */
export function transfer(to: PublicKey, amount: number): Uint8Array {
  return concatBytes(Uint8Array.of(4, 3, 0), fromHex(to), compact(amount));
}

/** `Sudo.sudo(System.set_code_without_checks(code))`. */
export function setCode(code: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(7, 0, 0, 3), opaque(code));
}

export interface SignOptions {
  readonly signer: Signer;
  readonly nonce: number;
  readonly tip?: number;
}

/** An immortal extrinsic (format version 4) of the released runtime, signed with Ed25519. */
export function signedExtrinsic(
  chain: EmbeddedChain,
  call: Uint8Array,
  { nonce, signer, tip = 0 }: SignOptions,
): Uint8Array {
  const { runtime } = chain.stateAt(chain.head.hash);
  const { specVersion, transactionVersion } = runtime.version;
  // era, nonce, tip, metadata hash mode
  const extension = concatBytes(Uint8Array.of(0), compact(nonce), compact(tip), Uint8Array.of(0));
  const implicit = concatBytes(
    littleEndian(specVersion, 4),
    littleEndian(transactionVersion, 4),
    hashes(chain.genesis, chain.genesis),
    Uint8Array.of(0),
  );
  const payload = concatBytes(call, extension, implicit);
  const message = payload.length > 256 ? blake2b256(payload) : payload;
  const signature = fromHex(signer.sign(message));
  const head = concatBytes(
    Uint8Array.of(0x84, 0),
    fromHex(signer.key),
    Uint8Array.of(0),
    signature,
  );
  return opaque(concatBytes(head, extension, call));
}

function hashes(...all: readonly Hash[]): Uint8Array {
  return concatBytes(...all.map(hashBytes));
}
