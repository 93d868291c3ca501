import { concatBytes } from '@tallystick/kernel';

/** SCALE compact integer (parity-scale-codec, "Compact/general integers"), 0 ≤ value < 2^53. */
export function compact(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`a compact integer lies in 0..2^53-1, got ${value}`);
  }
  if (value < 0x40) return Uint8Array.of(value << 2);
  if (value < 0x4000) return littleEndian(value * 4 + 1, 2);
  if (value < 0x4000_0000) return littleEndian(value * 4 + 2, 4);
  const bytes = value < 0x1_0000_0000 ? 4 : Math.ceil(value.toString(16).length / 2);
  return concatBytes(Uint8Array.of(((bytes - 4) << 2) | 3), littleEndian(value, bytes));
}

/** `value` as `bytes` little-endian bytes. */
export function littleEndian(value: number | bigint, bytes: number): Uint8Array {
  if (typeof value === 'number' && bytes <= 4) return shortLittleEndian(value, bytes);
  const out = new Uint8Array(Math.ceil(bytes / 8) * 8);
  const view = new DataView(out.buffer);
  const whole = BigInt(value);
  for (let at = 0; at < bytes; at += 8) {
    view.setBigUint64(at, BigInt.asUintN(64, whole >> BigInt(8 * at)), true);
  }
  return out.subarray(0, bytes);
}

/** Without bigints, which were 3 % of an audit. */
function shortLittleEndian(value: number, bytes: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out.subarray(0, bytes);
}

/** `Vec<u8>`: compact length, then the bytes. */
export function opaque(bytes: Uint8Array): Uint8Array {
  return concatBytes(compact(bytes.length), bytes);
}

/** `Vec<T>` of already encoded items. */
export function vector(items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(compact(items.length), ...items);
}

/** Reads SCALE front to back. Throws RangeError when bytes are missing or a compact integer is not the shortest. */
export class ScaleReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#at;
  }

  /** The next `length` bytes, as a view of the input. */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) {
      throw new RangeError(`${length} bytes expected at ${this.#at} of ${this.#bytes.length}`);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u8(): number {
    return this.uint(1);
  }

  u32(): number {
    return this.uint(4);
  }

  u64(): bigint {
    return BigInt(this.u32()) | (BigInt(this.u32()) << 32n);
  }

  /** Little-endian unsigned integer of up to 6 bytes. */
  uint(bytes: number): number {
    return this.take(bytes).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  compact(): number {
    const start = this.#at;
    const value = this.#compact();
    if (compact(value).length !== this.#at - start) {
      throw new RangeError(`compact integer at ${start} is not in its shortest form`);
    }
    return value;
  }

  /** `Vec<u8>`, as a view of the input. */
  opaque(): Uint8Array {
    return this.take(this.compact());
  }

  /** `Vec<u8>` with its length prefix, as a view of the input. */
  prefixed(): Uint8Array {
    const start = this.#at;
    this.opaque();
    return this.#bytes.subarray(start, this.#at);
  }

  /** `Vec<T>`; every item takes at least one byte, which bounds a forged count. */
  vector<T>(item: () => T): T[] {
    const count = this.compact();
    if (count > this.#bytes.length - this.#at) {
      throw new RangeError(`${count} items announced, ${this.#bytes.length - this.#at} bytes left`);
    }
    return Array.from({ length: count }, item);
  }

  /** `Option<T>`. */
  option<T>(item: () => T): T | undefined {
    const flag = this.u8();
    if (flag > 1) throw new RangeError(`option flag ${flag} at ${this.#at - 1}`);
    return flag === 1 ? item() : undefined;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw new RangeError(`${this.#bytes.length - this.#at} bytes left over at ${this.#at}`);
    }
  }

  #compact(): number {
    const first = this.u8();
    this.#at -= 1;
    switch (first & 3) {
      case 0:
        return this.uint(1) >>> 2;
      case 1:
        return this.uint(2) >>> 2;
      case 2:
        return this.uint(4) >>> 2;
      default: {
        this.#at += 1;
        const bytes = (first >>> 2) + 4;
        const value = this.take(bytes).reduceRight((sum, byte) => sum * 256 + byte, 0);
        if (!Number.isSafeInteger(value)) throw new RangeError('compact integer beyond 2^53');
        return value;
      }
    }
  }
}
