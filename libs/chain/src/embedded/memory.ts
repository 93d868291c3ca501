const PAGE_BYTES = 65_536;
/** As Substrate's executor grants beyond the declared memory: 2,048 pages, 128 MiB. */
const EXTRA_PAGES = 2_048;
/** Size classes 8 B … 32 MiB, as in sp-allocator's freeing-bump heap. */
const ORDERS = 23;
const SMALLEST_BYTES = 8;
const HEADER_BYTES = 8;
const NIL = 0xffff_ffff;
const OCCUPIED = 1;

/**
 * The linear memory of a runtime instance and the heap that host and runtime share: power-of-two size classes with free
 * lists above `__heap_base`, each allocation after an 8-byte header {order | next free, occupied}.
 *
 * A span is how the Substrate ABI passes bytes: length << 32 | pointer. Views end with the next allocation, which may
 * move the memory. Throws RangeError (a trap for the runtime) on misuse and when the heap is exhausted.
 */
export class WasmMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #maxBytes: number;
  readonly #free: number[] = Array.from({ length: ORDERS }, () => NIL);
  #heapBase = 0;
  #bump = 0;
  #bytes: Uint8Array;
  #words: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#maxBytes = memory.buffer.byteLength + EXTRA_PAGES * PAGE_BYTES;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new DataView(memory.buffer);
  }

  /** Bytes now taken from the machine. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Opens the heap from `heapBase` on; returns a copy of everything below it: statics and stack. */
  openHeap(heapBase: number): Uint8Array {
    this.#heapBase = Math.ceil(heapBase / SMALLEST_BYTES) * SMALLEST_BYTES;
    this.#bump = this.#heapBase;
    return this.#bytes.slice(0, this.#heapBase);
  }

  /** Makes the memory as good as new: statics from `snapshot`, heap empty. */
  reset(snapshot: Uint8Array): void {
    this.#bytes.set(snapshot);
    this.#free.fill(NIL);
    this.#bump = this.#heapBase;
  }

  /** `length` bytes at `pointer`, as a view. */
  view(pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0;
    if (start + length > this.#bytes.length) {
      throw new RangeError(`${length} bytes at ${start} are outside the memory`);
    }
    return this.#bytes.subarray(start, start + length);
  }

  /** The bytes of a span, as a view. */
  span(span: bigint): Uint8Array {
    const unsigned = BigInt.asUintN(64, span);
    return this.view(Number(unsigned & 0xffff_ffffn), Number(unsigned >> 32n));
  }

  /** Puts a copy of `bytes` on the heap. */
  put(bytes: Uint8Array): number {
    const pointer = this.allocate(bytes.length);
    this.#bytes.set(bytes, pointer);
    return pointer;
  }

  /** Puts a copy of `bytes` on the heap and returns its span. */
  putSpan(bytes: Uint8Array): bigint {
    const pointer = this.put(bytes);
    return BigInt.asIntN(64, (BigInt(bytes.length) << 32n) | BigInt(pointer));
  }

  allocate(length: number): number {
    const order = Math.max(0, 32 - Math.clz32(Math.max(length, SMALLEST_BYTES) - 1) - 3);
    if (order >= ORDERS) throw new RangeError(`an allocation of ${length} bytes is too large`);
    const header = this.#popFree(order) ?? this.#extend(HEADER_BYTES + SMALLEST_BYTES * 2 ** order);
    this.#setHeader(header, order, OCCUPIED);
    return header + HEADER_BYTES;
  }

  free(pointer: number): void {
    const header = (pointer >>> 0) - HEADER_BYTES;
    if (header < this.#heapBase || header + HEADER_BYTES > this.#bump) {
      throw new RangeError(`freeing ${pointer}, which is not on the heap`);
    }
    const order = this.#words.getUint32(header, true);
    if (this.#words.getUint32(header + 4, true) !== OCCUPIED || order >= ORDERS) {
      throw new RangeError(`freeing ${pointer}, which is not allocated`);
    }
    this.#setHeader(header, this.#free[order] ?? NIL, 0);
    this.#free[order] = header;
  }

  #popFree(order: number): number | undefined {
    const header = this.#free[order] ?? NIL;
    if (header === NIL) return undefined;
    this.#free[order] = this.#words.getUint32(header, true);
    return header;
  }

  #extend(bytes: number): number {
    const header = this.#bump;
    const end = header + bytes;
    if (end > this.#maxBytes) throw new RangeError('the heap of the runtime is exhausted');
    if (end > this.#bytes.length) this.#grow(end);
    this.#bump = end;
    return header;
  }

  /** Doubles at least, so that a growing call moves the memory a handful of times. */
  #grow(end: number): void {
    const target = Math.min(this.#maxBytes, Math.max(end, 2 * this.#bytes.length));
    this.#memory.grow(Math.ceil((target - this.#bytes.length) / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new DataView(this.#memory.buffer);
  }

  #setHeader(header: number, low: number, high: number): void {
    this.#words.setUint32(header, low, true);
    this.#words.setUint32(header + 4, high, true);
  }
}
