import { WASM_BASE64 } from './aggregation.wasm.js';

/** A linear memory that worker threads can share. Fresh memory is all zeros. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Exports of assembly/index.ts. Pointers are byte offsets into the memory; see the sources for the formulas. */
export interface Kernels {
  accumulate32: Accumulate;
  accumulate16: Accumulate;
  accumulate8: Accumulate;
  accumulateClipped(
    sums: number,
    q: number,
    count: number,
    weight: bigint,
    factor: number,
    scale: number,
    size: number,
  ): void;
  largest32: Largest;
  largest16: Largest;
  largest8: Largest;
  squares(q: number, count: number, size: number): number;
  countBits(bitmap: number, bit: number, count: number): number;
  expand32: Expand;
  expand16: Expand;
  expand8: Expand;
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

type Accumulate = (sums: number, q: number, count: number, weight: number, shift: number) => void;
/** An i32 that stands for an u32: the magnitude of i32's minimum comes out negative. */
type Largest = (q: number, count: number) => number;
type Expand = (bitmap: number, bit: number, count: number, packed: number, dense: number) => void;

/** The kernels of one codec. */
export interface CodecKernels {
  readonly accumulate: Accumulate;
  readonly largest: Largest;
  readonly expand: Expand;
}

/** The kernels for q of this many bytes. */
export function codecKernels(kernels: Kernels, bytesPerQ: 4 | 2 | 1): CodecKernels {
  if (bytesPerQ === 4) {
    const { accumulate32: accumulate, largest32: largest, expand32: expand } = kernels;
    return { accumulate, largest, expand };
  }
  if (bytesPerQ === 2) {
    const { accumulate16: accumulate, largest16: largest, expand16: expand } = kernels;
    return { accumulate, largest, expand };
  }
  const { accumulate8: accumulate, largest8: largest, expand8: expand } = kernels;
  return { accumulate, largest, expand };
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
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

const PAGE_BYTES = 65_536;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The bytes of a committed module. */
export function decodeBase64(text: string): Uint8Array {
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

/**
 * Compiles a module that imports its memory as `env.memory`; the answer binds it to one. `E` is what it exports: the
 * one place where that is asserted. Below 4 KB (ours are) browsers compile synchronously on their main thread.
 */
export function moduleOf<E>(bytes: Uint8Array): (memory: WasmMemory) => E {
  const module = new WebAssembly.Module(bytes);
  return (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports as E;
}

/** Zeroed shared memory of at least `bytes`, never to grow. */
export function allocate(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** The kernels bound to one memory. Several instances may share a memory when they write disjoint ranges. */
export const kernelsOver: (memory: WasmMemory) => Kernels = moduleOf<Kernels>(
  decodeBase64(WASM_BASE64),
);
