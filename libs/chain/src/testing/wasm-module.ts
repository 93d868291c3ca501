import { concatBytes, utf8 } from '@tallystick/kernel';

/** An import of a hand-made wasm module: a function () → (), or a memory of `pages` pages. */
export interface MadeImport {
  readonly module: string;
  readonly name: string;
  readonly pages?: number;
}

function leb(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    out.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) return Uint8Array.from(out);
  }
}

function section(id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...parts);
  return concatBytes(Uint8Array.of(id), leb(body.length), body);
}

function name(text: string): Uint8Array {
  return concatBytes(leb(utf8(text).length), utf8(text));
}

/** The smallest wasm binary with these imports. */
export function wasmModule(imports: readonly MadeImport[]): Uint8Array {
  const header = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const types = section(1, Uint8Array.of(1, 0x60, 0, 0));
  const entries = imports.map(({ module, name: field, pages }) =>
    concatBytes(
      name(module),
      name(field),
      pages === undefined ? Uint8Array.of(0, 0) : concatBytes(Uint8Array.of(2, 0), leb(pages)),
    ),
  );
  return concatBytes(header, types, section(2, leb(imports.length), ...entries));
}
