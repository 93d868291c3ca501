import { type Hash, type Sha256, TallyError, utf8 } from '@tallystick/kernel';
import { renderHeader } from './safetensors.js';

/** One tensor of a model. `size` is the product of `shape`, `offset` its first position, both in elements. */
export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly offset: number;
}

/** Names, shapes and order of a model's tensors (protocol.md §1.1). Two models fit iff their `hash` is equal. */
export interface Manifest {
  readonly tensors: readonly TensorEntry[];
  /** All parameters. */
  readonly d: number;
  /** The model file's header, without padding. */
  readonly headerJson: string;
  /** SHA-256 of `headerJson`. */
  readonly hash: Hash;
  /** Σ ⌈size / 1,024⌉: blocks never cross a tensor. */
  readonly blocks: number;
}

/** Positions of one block of an update (protocol.md §1.3). */
export const BLOCK_POSITIONS = 1024;
/** Largest model: its int64 sums take 2 GiB, half of a WebAssembly memory. */
export const MAX_PARAMETERS: number = 2 ** 28;
/** Most tensors of a model. */
export const MAX_TENSORS = 4096;
const MAX_RANK = 8;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** A tensor as named and shaped by whoever builds the model. */
export type TensorShape = Pick<TensorEntry, 'name' | 'shape'>;

/** Why these tensors are not a model, or undefined. */
export function tensorFault(tensors: readonly TensorShape[]): string | undefined {
  if (tensors.length === 0 || tensors.length > MAX_TENSORS) {
    return `it has ${tensors.length} tensors, allowed are 1 to ${MAX_TENSORS}`;
  }
  const seen = new Set<string>();
  let d = 0;
  for (const { name, shape } of tensors) {
    if (!NAME.test(name)) return `tensor name ${JSON.stringify(name.slice(0, 140))} is not allowed`;
    if (seen.has(name)) return `tensor ${name} appears twice`;
    seen.add(name);
    if (shape.length > MAX_RANK || !shape.every((n) => Number.isSafeInteger(n) && n >= 1)) {
      return `tensor ${name} has shape [${shape.slice(0, 16).join(', ')}]`;
    }
    d += sizeOf(shape);
    if (d > MAX_PARAMETERS) return `it has more than ${MAX_PARAMETERS} parameters`;
  }
  return undefined;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}

/**
 * Lays the tensors out in the given order. Throws MODEL_UNSUPPORTED on a name outside
 * `[A-Za-z_][A-Za-z0-9_.-]{0,127}`, a repeated name, a bad shape or too many parameters.
 */
export function manifestOf(sha256: Sha256, tensors: readonly TensorShape[]): Manifest {
  const fault = tensorFault(tensors);
  if (fault !== undefined) throw new TallyError('MODEL_UNSUPPORTED', { reason: fault });
  const entries: TensorEntry[] = [];
  let d = 0;
  let blocks = 0;
  for (const { name, shape } of tensors) {
    const size = sizeOf(shape);
    entries.push({ name, shape: [...shape], size, offset: d });
    d += size;
    blocks += Math.ceil(size / BLOCK_POSITIONS);
  }
  const headerJson = renderHeader(entries.map((entry) => ({ ...entry, dtype: 'F32' })));
  return { tensors: entries, d, headerJson, hash: sha256(utf8(headerJson)), blocks };
}

/** First position of every block, then d: block b covers [offsets[b], offsets[b + 1]). */
export function blockOffsets(manifest: Manifest): Uint32Array {
  const offsets = new Uint32Array(manifest.blocks + 1);
  let block = 0;
  for (const { offset, size } of manifest.tensors) {
    for (let at = 0; at < size; at += BLOCK_POSITIONS) offsets[block++] = offset + at;
  }
  offsets[block] = manifest.d;
  return offsets;
}

/** Name of the tensor that holds `position`: for messages. */
export function tensorAt(manifest: Manifest, position: number): string {
  const found = manifest.tensors.find((t) => position < t.offset + t.size);
  return found === undefined ? `position ${position}` : found.name;
}
