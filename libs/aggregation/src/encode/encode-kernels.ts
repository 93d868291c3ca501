import { decodeBase64, moduleOf, type WasmMemory } from '../kernels/kernels.js';
import { WASM_BASE64 } from './encode.wasm.js';

/** Exports of assembly/encode/index.ts. Pointers are byte offsets into the memory; see the sources. */
export interface EncodeKernels {
  change(
    before: number,
    after: number,
    residual: number,
    x: number,
    count: number,
    divisor: number,
  ): number;
  countDigits(x: number, count: number, counts: number, shift: number, prefix: bigint): void;
  pick(
    x: number,
    count: number,
    from: number,
    size: number,
    tiesAt: number,
    picked: number,
    at: number,
  ): number;
  quantise32(...args: QuantiseArguments): void;
  quantiseByChance(
    ...args: [...QuantiseArguments, bytesPerQ: number, at: number, first: number, second: number]
  ): void;
}

type QuantiseArguments = [
  x: number,
  count: number,
  scale: number,
  unit: number,
  q: number,
  left: number,
];

/** The kernels bound to one memory. */
export const encodeKernelsOver: (memory: WasmMemory) => EncodeKernels = moduleOf<EncodeKernels>(
  decodeBase64(WASM_BASE64),
);
