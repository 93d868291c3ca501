// @ts-check
/** Update files to fold and to send: valid, incompressible, each another, made without training. */
import { createHash } from 'node:crypto';
import { manifestOf } from '@tallystick/aggregation';
import { sha256 } from '@tallystick/kernel/node';

/** Header of an update file with codec i32 (protocol.md §1.3). */
const HEADER = { magic: 'TLYU', bytes: 56, version: 1, codec: 1, fractionBits: 32 };
/** q stays below 2³⁰ and every shift is 0: canonical whatever the noise says. */
const Q_MASK = 0x3fff_ffff;
/** What is another in every file: the last eight values. */
const TAIL_BYTES = 32;
/** Seeds of xorshift32 are odd multiples of this: never 0. */
const SEED = 0x9e37_79b9;

/** @typedef {import('@tallystick/aggregation').Manifest} Manifest */
/** @typedef {import('@tallystick/kernel').Hash} Hash */

/** A model of one tensor with d parameters. @param {number} d */
export function flatManifest(d) {
  return manifestOf(sha256, [{ name: 'w', shape: [d] }]);
}

/** Update files of one model that differ in their last eight values alone: a hundred of them need the memory of one. */
export class NoiseUpdates {
  /** @param {Manifest} manifest at least 8 parameters @param {number} [seed] a whole number from 0 */
  constructor(manifest, seed = 0) {
    this.shared = sharedBytes(manifest, seed);
    this.tailAt = this.shared.length - TAIL_BYTES;
    this.prefix = createHash('sha256').update(this.shared.subarray(0, this.tailAt));
  }

  /** The file of this name: equal names give equal files. @param {string} name */
  file(name) {
    const tail = createHash('sha256').update(name).digest();
    for (let i = 3; i < TAIL_BYTES; i += 4) tail[i] = (tail[i] ?? 0) & 0x3f;
    return new NoiseFile(this, tail);
  }
}

/** One update file. */
export class NoiseFile {
  /** @param {NoiseUpdates} updates @param {Uint8Array} tail */
  constructor({ shared, tailAt, prefix }, tail) {
    this.bytes = shared.length;
    /** SHA-256 of the file. @type {Hash} */
    this.update = /** @type {Hash} */ (prefix.copy().update(tail).digest('hex')); // a digest is a Hash
    this.shared = shared;
    this.tailAt = tailAt;
    this.tail = tail;
  }

  /** Bytes `from` to `to` in a fresh buffer. @param {number} from @param {number} to */
  slice(from, to) {
    const piece = this.shared.slice(from, to);
    const at = Math.max(from, this.tailAt);
    if (to > at) piece.set(this.tail.subarray(at - this.tailAt, to - this.tailAt), at - from);
    return piece;
  }
}

/** @param {Manifest} manifest @param {number} seed */
function sharedBytes({ d, blocks, hash }, seed) {
  const start = HEADER.bytes + 8 * Math.ceil(blocks / 8);
  const bytes = new Uint8Array(start + 4 * d);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(HEADER.magic, 'latin1'));
  bytes.set([HEADER.version, HEADER.codec, HEADER.fractionBits, 0], 4);
  view.setBigUint64(8, BigInt(d), true);
  bytes.set(Buffer.from(hash, 'hex'), 16);
  view.setUint32(48, blocks, true);
  const q = new Uint32Array(bytes.buffer, start, d);
  let state = Math.imul(SEED, 2 * seed + 1);
  for (let i = 0; i < d; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    q[i] = state & Q_MASK;
  }
  return bytes;
}
