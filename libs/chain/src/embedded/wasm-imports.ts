/** One import of a wasm module. `pages`: initial size, for a memory alone. */
export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global';
  readonly pages: number | undefined;
}

const IMPORT_SECTION = 2;
/** `\0asm`, version 1. */
const WASM_VERSION_1 = '0,97,115,109,1,0,0,0';

/** Reads a wasm binary front to back (WebAssembly core specification 1.0 §5). */
class WasmReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('the wasm binary is cut short');
    this.#at += 1;
    return byte;
  }

  /** LEB128, 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('an integer of the wasm binary is too long');
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at)
      throw new RangeError('the wasm binary is cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }

  vector<T>(item: () => T): T[] {
    const count = this.u32();
    const items: T[] = [];
    while (items.length < count) items.push(item());
    return items;
  }
}

/** The imports of a wasm binary; V8 tells their names but not the size of the memory. Throws RangeError when malformed. */
export function wasmImports(binary: Uint8Array): WasmImport[] {
  const input = new WasmReader(binary);
  if (input.take(8).join() !== WASM_VERSION_1) {
    throw new RangeError('not a wasm binary (version 1, uncompressed)');
  }
  while (!input.atEnd) {
    const id = input.byte();
    const section = input.take(input.u32());
    if (id === IMPORT_SECTION) return readImports(new WasmReader(section));
  }
  return [];
}

function readImports(input: WasmReader): WasmImport[] {
  return input.vector(() => {
    const module = input.name();
    const name = input.name();
    return { module, name, ...readDescriptor(input) };
  });
}

function readDescriptor(input: WasmReader): Pick<WasmImport, 'kind' | 'pages'> {
  const tag = input.byte();
  switch (tag) {
    case 0:
      input.u32();
      return { kind: 'function', pages: undefined };
    case 1:
      input.byte();
      readLimits(input);
      return { kind: 'table', pages: undefined };
    case 2:
      return { kind: 'memory', pages: readLimits(input) };
    case 3:
      input.take(2);
      return { kind: 'global', pages: undefined };
    default:
      throw new RangeError(`import kind ${tag} is unknown`);
  }
}

function readLimits(input: WasmReader): number {
  const hasMaximum = input.byte() === 1;
  const minimum = input.u32();
  if (hasMaximum) input.u32();
  return minimum;
}
