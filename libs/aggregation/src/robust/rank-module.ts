import { utf8 } from '@tallystick/kernel';
import type { Comparator } from './sorting-network.js';

/** What one emitted function does; every number in it becomes an immediate operand. */
export interface RankCode {
  readonly keys: 'i32' | 'f64';
  /** Rows, each `stride` bytes after the one before. */
  readonly n: number;
  readonly stride: number;
  readonly network: readonly Comparator[];
  /** The ranks that are added up. */
  readonly from: number;
  readonly to: number;
  /** 1: half of the sum, rounded down. */
  readonly halve: 0 | 1;
}

/** Exports of an emitted module: as `rank32` and `rank64` of the table-driven kernels. */
export interface RankKernel {
  /** out[j] = (Σ of the ranks) << shift >> halve. Works on 16 bytes of every row at once, up to `end` of row 0. */
  rank(rows: number, out: number, end: number, shift: number): void;
}

const ROWS = 0;
const OUT = 1;
const END = 2;
const SHIFT = 3;
/** The first of the v128 locals: one for each row. */
const VALUES = 4;
/** 1.5 · 2⁵²: adding it to an integer |x| < 2⁵¹ puts x into the low bits of the sum. */
const MAGIC = [0, 0, 0, 0, 0, 0, 0x38, 0x43] as const;

const SIMD = {
  load: 0x00,
  store: 0x0b,
  constant: 0x0c,
  minI32: 0xb6,
  maxI32: 0xb8,
  extendLow: 0xc7,
  extendHigh: 0xc8,
  shiftLeft: 0xcb,
  shiftRight: 0xcc,
  addI64: 0xce,
  subI64: 0xd1,
  addF64: 0xf0,
  minF64: 0xf6,
  maxF64: 0xf7,
} as const;

type Code = readonly number[];

/**
 * A module whose one function is the network as straight-line code: every row's 16 bytes stay in a local. Emitted at
 * run time for at most 64 rows, where it is up to twice as fast as the table (libs/aggregation/assembly/robust).
 */
export function emitRankModule(code: RankCode): Uint8Array {
  const v128Locals = [1, ...leb(code.n), 0x7b];
  const body = [...v128Locals, ...loop(code), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0]),
    // env.memory: shared, 1 to 65,536 pages.
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 3, 1, ...leb(65_536)]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('rank'), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

function loop(code: RankCode): number[] {
  const out: number[] = [0x03, 0x40];
  const add = (piece: Code): void => {
    for (const byte of piece) out.push(byte);
  };
  for (let i = 0; i < code.n; i++) {
    add([...get(ROWS), ...simd(SIMD.load), 4, ...leb(i * code.stride), ...set(VALUES + i)]);
  }
  const [min, max] = code.keys === 'i32' ? [SIMD.minI32, SIMD.maxI32] : [SIMD.minF64, SIMD.maxF64];
  for (const { low, high } of code.network) {
    const pair = [...get(VALUES + low), ...get(VALUES + high)];
    add([
      ...pair,
      ...simd(min),
      ...pair,
      ...simd(max),
      ...set(VALUES + high),
      ...set(VALUES + low),
    ]);
  }
  const halves =
    code.keys === 'i32' ? [extended('extendLow'), extended('extendHigh')] : [asInteger];
  halves.forEach((widened, part) => add(storeSum(code, widened, 16 * part)));
  add(advance(ROWS, 16));
  add(advance(OUT, 16 * halves.length));
  add([...get(ROWS), ...get(END), 0x49, 0x0d, 0, 0x0b]);
  return out;
}

/** out[offset] = (Σ widened rank) << shift >> halve */
function storeSum(code: RankCode, widened: (rank: number) => Code, offset: number): number[] {
  const sum: number[] = [...widened(code.from)];
  for (let rank = code.from + 1; rank < code.to; rank++) {
    sum.push(...widened(rank), ...simd(SIMD.addI64));
  }
  const halved = code.halve === 1 ? [0x41, 1, ...simd(SIMD.shiftRight)] : [];
  const shifted = [...sum, ...get(SHIFT), ...simd(SIMD.shiftLeft), ...halved];
  return [...get(OUT), ...shifted, ...simd(SIMD.store), 4, offset];
}

function extended(half: 'extendLow' | 'extendHigh'): (rank: number) => Code {
  return (rank) => [...get(VALUES + rank), ...simd(SIMD[half])];
}

function asInteger(rank: number): Code {
  const magic = [...simd(SIMD.constant), ...MAGIC, ...MAGIC];
  return [...get(VALUES + rank), ...magic, ...simd(SIMD.addF64), ...magic, ...simd(SIMD.subI64)];
}

function get(local: number): Code {
  return [0x20, ...leb(local)];
}

function set(local: number): Code {
  return [0x21, ...leb(local)];
}

/** local += bytes */
function advance(local: number, bytes: number): Code {
  return [...get(local), 0x41, bytes, 0x6a, ...set(local)];
}

function simd(opcode: number): Code {
  return [0xfd, ...leb(opcode)];
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}

function name(text: string): number[] {
  return [text.length, ...utf8(text)];
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...leb(bytes.length), ...bytes];
}
