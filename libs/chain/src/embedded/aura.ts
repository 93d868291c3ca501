import {
  asPublicKey,
  asSignature,
  type Ed25519,
  fromHex,
  type PublicKey,
  type Signer,
  toHex,
} from '@tallystick/kernel';
import { ed25519 as portableEd25519 } from '@tallystick/kernel/crypto';
import { blake2b256 } from './hashing.js';
import { decodeEngineItem, encodeEngineItem, encodeHeader, type Header } from './header.js';
import { littleEndian, ScaleReader } from './scale.js';
import { keyText, storageKey } from './storage-key.js';
import type { Trie } from './trie/trie.js';

const ENGINE = 'aura';
const AUTHORITIES = keyText(storageKey('Aura', 'Authorities'));

/** The keys that may seal the next block of a state, in slot order. */
export function auraAuthorities(state: Trie): readonly PublicKey[] {
  const value = state.get(AUTHORITIES);
  if (value === undefined) return [];
  const input = new ScaleReader(value);
  return input.vector(() => asPublicKey(toHex(input.take(32))));
}

/** Digest item that opens a block of `slot`. */
export function auraPreDigest(slot: bigint): Uint8Array {
  return encodeEngineItem({ kind: 'preRuntime', engine: ENGINE, data: littleEndian(slot, 8) });
}

/** The sealed header: the author's Ed25519 signature over the hash of the header without it. */
export function sealHeader(header: Header, author: Signer): Header {
  const seal = fromHex(author.sign(sealMessage(header)));
  const item = encodeEngineItem({ kind: 'seal', engine: ENGINE, data: seal });
  return { ...header, digest: [...header.digest, item] };
}

/** The header as the runtime sees it: without the seal, which must be the last digest item. Throws RangeError. */
export function unsealHeader(header: Header): {
  readonly header: Header;
  readonly seal: Uint8Array;
} {
  const items = header.digest.map(decodeEngineItem);
  const seal = items.at(-1);
  if (seal?.kind !== 'seal' || seal.engine !== ENGINE)
    throw new RangeError('it ends in no Aura seal');
  if (seal.data.length !== 64) throw new RangeError('its Aura seal is not 64 bytes long');
  if (items.filter((item) => item?.kind === 'seal').length > 1) {
    throw new RangeError('it has more than one seal');
  }
  return { header: { ...header, digest: header.digest.slice(0, -1) }, seal: seal.data };
}

/** Who may have sealed a block, and what checks signatures; without it, what runs in a browser as well. */
export interface SealCheck {
  /** Of the parent state. */
  readonly authorities: readonly PublicKey[];
  readonly ed25519?: Ed25519;
}

/** Checks that the authority whose slot it is sealed the header. Throws RangeError. */
export function verifySeal(
  unsealed: Header,
  seal: Uint8Array,
  { authorities, ed25519 = portableEd25519 }: SealCheck,
): void {
  const slot = auraSlot(unsealed);
  if (authorities.length === 0) throw new RangeError('its parent state names no Aura authority');
  const author = authorities[Number(slot % BigInt(authorities.length))];
  const signature = asSignature(toHex(seal));
  if (author === undefined || !ed25519.verify(author, sealMessage(unsealed), signature)) {
    throw new RangeError(`its seal is not a signature of authority ${author}`);
  }
}

function auraSlot(header: Header): bigint {
  const slots = header.digest
    .map(decodeEngineItem)
    .filter((item) => item?.kind === 'preRuntime' && item.engine === ENGINE);
  const [slot] = slots;
  if (slot?.data.length !== 8 || slots.length > 1) {
    throw new RangeError('it does not name exactly one Aura slot');
  }
  return new ScaleReader(slot.data).u64();
}

function sealMessage(unsealed: Header): Uint8Array {
  return blake2b256(encodeHeader(unsealed));
}
