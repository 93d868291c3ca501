import { asHash, concatBytes, fromHex, type Hash, toHex } from '@tallystick/kernel';
import { blake2b256 } from './hashing.js';
import { compact, opaque, ScaleReader, vector } from './scale.js';
import { keyBytes, keyText } from './storage-key.js';

/** Header of a block (sp-runtime `generic::Header<u32, BlakeTwo256>`). */
export interface Header {
  readonly parentHash: Hash;
  readonly number: number;
  readonly stateRoot: Hash;
  readonly extrinsicsRoot: Hash;
  /** Digest items, each as its SCALE bytes. */
  readonly digest: readonly Uint8Array[];
}

/** A digest item that names the engine it belongs to. */
export interface EngineItem {
  readonly kind: 'consensus' | 'seal' | 'preRuntime';
  /** Four ASCII letters. */
  readonly engine: string;
  readonly data: Uint8Array;
}

const OTHER = 0;
const ENVIRONMENT_UPDATED = 8;
const ENGINE_KINDS: Readonly<Record<number, EngineItem['kind']>> = {
  4: 'consensus',
  5: 'seal',
  6: 'preRuntime',
};
const ENGINE_TAGS: Readonly<Record<EngineItem['kind'], number>> = {
  consensus: 4,
  seal: 5,
  preRuntime: 6,
};

function hashFrom(bytes: Uint8Array): Hash {
  return asHash(toHex(bytes));
}

export function encodeHeader(header: Header): Uint8Array {
  return concatBytes(
    fromHex(header.parentHash),
    compact(header.number),
    fromHex(header.stateRoot),
    fromHex(header.extrinsicsRoot),
    vector(header.digest),
  );
}

/** Reads one header; throws RangeError on anything that `encodeHeader` does not write. */
export function readHeader(input: ScaleReader): Header {
  const parentHash = hashFrom(input.take(32));
  const number = input.compact();
  if (number > 0xffff_ffff) throw new RangeError(`block number ${number} is beyond 32 bits`);
  return {
    parentHash,
    number,
    stateRoot: hashFrom(input.take(32)),
    extrinsicsRoot: hashFrom(input.take(32)),
    digest: input.vector(() => readDigestItem(input)),
  };
}

/** Hash of a block: BLAKE2b-256 of its encoded header. */
export function headerHash(header: Header): Hash {
  return hashFrom(blake2b256(encodeHeader(header)));
}

/** SCALE bytes of an engine's digest item. */
export function encodeEngineItem(item: EngineItem): Uint8Array {
  const tag = Uint8Array.of(ENGINE_TAGS[item.kind]);
  return concatBytes(tag, keyBytes(item.engine), opaque(item.data));
}

/** The engine's item, or undefined for an item without engine. */
export function decodeEngineItem(item: Uint8Array): EngineItem | undefined {
  const kind = ENGINE_KINDS[item[0] ?? OTHER];
  if (kind === undefined) return undefined;
  const input = new ScaleReader(item.subarray(1));
  return { kind, engine: keyText(input.take(4)), data: input.opaque() };
}

function readDigestItem(input: ScaleReader): Uint8Array {
  const tag = input.u8();
  if (tag === ENVIRONMENT_UPDATED) return Uint8Array.of(tag);
  if (tag === OTHER) return concatBytes(Uint8Array.of(tag), opaque(input.opaque()));
  if (ENGINE_KINDS[tag] === undefined) throw new RangeError(`unknown digest item ${tag}`);
  return concatBytes(Uint8Array.of(tag), input.take(4), opaque(input.opaque()));
}
