import { createHash, type Hash as Hasher } from 'node:crypto';
import { concatBytes, type Hash, toHex } from '@tallystick/kernel';

/** Bytes of a leaf (profile `unixfs-v1-2025`, IPIP-0499). */
export const CID_CHUNK_BYTES: number = 1024 * 1024;
/** Links of a node in that profile. */
const MAX_LINKS = 1024;
/** Multicodec names (github.com/multiformats/multicodec). */
const RAW = 0x55;
const DAG_PB = 0x70;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A node of the tree, leaf or not. */
interface Link {
  readonly cid: Uint8Array;
  /** Bytes of the file below it. */
  readonly fileBytes: number;
  /** Bytes of all blocks below it, its own among them. */
  readonly blockBytes: number;
}

/**
 * CIDv1 of a file as an IPFS importer of the profile `unixfs-v1-2025` gives it: raw leaves of 1 MiB, balanced, 1,024
 * links for each dag-pb node, SHA-256, base32; a file of one leaf is that leaf. Streams; keeps one link of about 70 bytes
 * for each MiB.
 */
export class UnixfsCid {
  readonly #leaves: Link[] = [];
  #leaf: Hasher = createHash('sha256');
  #leafBytes = 0;

  /** @param bytes stay the caller's; in any pieces */
  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      if (this.#leafBytes === CID_CHUNK_BYTES) this.#close();
      const end = Math.min(bytes.length, at + CID_CHUNK_BYTES - this.#leafBytes);
      this.#leaf.update(bytes.subarray(at, end));
      this.#leafBytes += end - at;
      at = end;
    }
    return this;
  }

  /** The CID as text. Call once, after the last `update`. */
  digest(): string {
    this.#close();
    let level: readonly Link[] = this.#leaves;
    while (level.length > 1) {
      const nodes: Link[] = [];
      for (let from = 0; from < level.length; from += MAX_LINKS) {
        nodes.push(nodeOf(level.slice(from, from + MAX_LINKS)));
      }
      level = nodes;
    }
    return textOf(level[0]?.cid ?? new Uint8Array());
  }

  #close(): void {
    const bytes = this.#leafBytes;
    const cid = cidOf(RAW, this.#leaf.digest());
    this.#leaves.push({ cid, fileBytes: bytes, blockBytes: bytes });
    this.#leaf = createHash('sha256');
    this.#leafBytes = 0;
  }
}

/** CID of a file of at most one leaf, from its SHA-256 alone. */
export function cidOfLeaf(sha256: Hash): string {
  return textOf(cidOf(RAW, Uint8Array.from(Buffer.from(sha256, 'hex'))));
}

/** A dag-pb block of a UnixFS file: the links, then its data (ipld.io/specs/codecs/dag-pb; unixfs.proto). */
function nodeOf(links: readonly Link[]): Link {
  const fileBytes = links.reduce((sum, link) => sum + link.fileBytes, 0);
  const unixfs = concatBytes(
    Uint8Array.of(0x08, 2), // type: file
    Uint8Array.of(0x18),
    varint(fileBytes),
    ...links.flatMap((link) => [Uint8Array.of(0x20), varint(link.fileBytes)]),
  );
  const block = concatBytes(
    ...links.map(({ cid, blockBytes }) =>
      field(
        0x12,
        concatBytes(field(0x0a, cid), field(0x12), Uint8Array.of(0x18), varint(blockBytes)),
      ),
    ),
    field(0x0a, unixfs),
  );
  const below = links.reduce((sum, link) => sum + link.blockBytes, 0);
  const digest = createHash('sha256').update(block).digest();
  return { cid: cidOf(DAG_PB, digest), fileBytes, blockBytes: block.length + below };
}

function cidOf(codec: number, digest: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(1, codec, 0x12, digest.length), digest);
}

/** A length-delimited protobuf field. */
function field(tag: number, bytes: Uint8Array = new Uint8Array()): Uint8Array {
  return concatBytes(Uint8Array.of(tag), varint(bytes.length), bytes);
}

/** Protobuf's unsigned integer; up to 2⁵³. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

/** Multibase base32 (RFC 4648, lower case, no padding). */
function textOf(cid: Uint8Array): string {
  const bits = BigInt(`0x${toHex(cid)}`) << BigInt((5 - ((8 * cid.length) % 5)) % 5);
  const length = Math.ceil((8 * cid.length) / 5);
  const letters = Array.from({ length }, (_, i) => {
    return ALPHABET.charAt(Number((bits >> BigInt(5 * (length - 1 - i))) & 31n));
  });
  return `b${letters.join('')}`;
}
