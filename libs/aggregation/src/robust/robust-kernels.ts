import { decodeBase64, moduleOf, type WasmMemory } from '../kernels/kernels.js';
import { WASM_BASE64 } from './robust.wasm.js';

/** Exports of assembly/robust/index.ts. Pointers are byte offsets into the memory; see the sources. */
export interface RobustKernels {
  widen32: Widen;
  widen16: Widen;
  widen8: Widen;
  clip(values: number, count: number, scale: number): void;
  centre(values: number, z: number, count: number): void;
  sumSquares(values: number, count: number): number;
  weigh(sums: number, values: number, count: number, weight: number): void;
  moveCentre(sums: number, z: number, count: number, n: number): void;
  gramTile(a: number, b: number, count: number, out: number): void;
  rank32(...args: [...SortArguments, from: number, to: number, shift: number, halve: number]): void;
  rank64(...args: [...SortArguments, from: number, to: number, halve: number]): void;
  closest(...args: [...SortArguments, keep: number]): void;
}

/** values[j] = q[j] · factor. */
export type Widen = (q: number, values: number, count: number, factor: number) => void;

/** What the table-driven sorts share. */
export type SortArguments = [
  rows: number,
  stride: number,
  n: number,
  count: number,
  out: number,
  scratch: number,
  table: number,
  tableEnd: number,
];

/** The kernels bound to one memory. */
export const robustKernelsOver: (memory: WasmMemory) => RobustKernels = moduleOf<RobustKernels>(
  decodeBase64(WASM_BASE64),
);
