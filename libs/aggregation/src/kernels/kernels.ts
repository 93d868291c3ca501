import { WASM_BASE64 } from './aggregation.wasm.js';

/** A linear memory that worker threads can share. Fresh memory is all zeros. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Exports of assembly/index.ts. Pointers are byte offsets into the memory; see the sources for the formulas. */
export interface Kernels {
  accumulate(sums: number, q: number, count: number, weight: number, shift: number): void;
  /** A u32 in the bits of an i32: `>>> 0` before use. */
  maxAbs(q: number, count: number): number;
  sqrt(x: number): number;
  stepAvg(count: number, sums: number, model: number, sumWeight: number, eta: number): number;
  stepAvgM(
    count: number,
    sums: number,
    model: number,
    m: number,
    sumWeight: number,
    eta: number,
    beta1: number,
  ): number;
  stepAdagrad(...args: AdaptiveArguments): number;
  stepAdam(...args: [...AdaptiveArguments, beta2: number, c2: number]): number;
  stepYogi(...args: [...AdaptiveArguments, c2: number]): number;
  stepControl(count: number, sums: number, c: number, sumWeight: number, share: number): number;
}

/** What the three adaptive steps share. */
export type AdaptiveArguments = [
  count: number,
  sums: number,
  model: number,
  m: number,
  v: number,
  sumWeight: number,
  eta: number,
  tau: number,
  beta1: number,
  c1: number,
];

/** The part of the WebAssembly API used here; this room sees neither DOM nor Node types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Kernels };
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

const PAGE_BYTES = 65_536;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function decodeBase64(text: string): Uint8Array {
  const symbols = text.replace(/=+$/, '');
  const out = new Uint8Array((symbols.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const symbol of symbols) {
    bits = (bits << 6) | BASE64.indexOf(symbol);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[at++] = (bits >> held) & 255;
  }
  return out;
}

/** 1.5 KB, below the 4 KB that browsers compile synchronously on their main thread. */
const MODULE = new WebAssembly.Module(decodeBase64(WASM_BASE64));

/** Zeroed shared memory of at least `bytes`, never to grow. */
export function allocate(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** The kernels bound to one memory. Several instances may share a memory when they write disjoint ranges. */
export function kernelsOver(memory: WasmMemory): Kernels {
  return new WebAssembly.Instance(MODULE, { env: { memory } }).exports;
}
