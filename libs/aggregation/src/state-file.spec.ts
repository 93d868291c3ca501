import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { manifestOf, type TensorShape } from './manifest.js';
import {
  initialState,
  partsIn,
  type ServerState,
  STATE_PARTS,
  stateParts,
} from './server-state.js';
import { decodeState, encodeState } from './state-file.js';

type Part = (typeof STATE_PARTS)[number];
type Vector = { tensors: TensorShape[]; file: string; sha256: string } & { [P in Part]?: string };
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const { states }: { states: Vector[] } = JSON.parse(readFileSync(VECTORS, 'utf8'));

const f64 = (hex: string): Float64Array => new Float64Array(fromHex(hex).buffer);
const i64 = (hex: string): BigInt64Array => new BigInt64Array(fromHex(hex).buffer);

function stateOf({ m, v, z, c }: Vector): ServerState {
  return {
    ...(m !== undefined && { m: f64(m) }),
    ...(v !== undefined && { v: f64(v) }),
    ...(z !== undefined && { z: i64(z) }),
    ...(c !== undefined && { c: f64(c) }),
  };
}

describe('server state files', () => {
  it('the vectors hold every part', () => {
    expect(new Set(states.flatMap((vector) => partsIn(stateOf(vector))))).toEqual(
      new Set(STATE_PARTS),
    );
  });

  it.each(states)('are the bytes of the vector ($sha256)', (vector) => {
    const manifest = manifestOf(sha256, vector.tensors);
    const state = stateOf(vector);
    const bytes = encodeState(manifest, state);
    expect(toHex(bytes)).toBe(vector.file);
    expect(sha256(bytes)).toBe(vector.sha256);
    expect(decodeState(manifest, bytes)).toEqual(state);
  });

  it('are refused for another model, when cut, in another order and when not finite', () => {
    const manifest = manifestOf(sha256, [{ name: 'w', shape: [2] }]);
    const other = manifestOf(sha256, [{ name: 'w', shape: [1, 2] }]);
    const state = { m: new Float64Array([1, 2]), v: new Float64Array([3, 4]) };
    const bytes = encodeState(manifest, state);
    const text = Buffer.from(bytes).toString('latin1');
    const infinite = encodeState(manifest, { c: new Float64Array([0, Infinity]) });
    for (const attempt of [
      () => decodeState(other, bytes),
      () => decodeState(manifest, bytes.subarray(0, -8)),
      () => decodeState(manifest, Uint8Array.from([...bytes, 0])),
      () => decodeState(manifest, Buffer.from(text.replace('"m.w"', '"z.w"'), 'latin1')),
      () => decodeState(manifest, Buffer.from(text.replace('"v.w"', '"x.w"'), 'latin1')),
      () => decodeState(manifest, Buffer.from(text.replace('"v.w"', '"m.w"'), 'latin1')),
      () => decodeState(manifest, infinite),
      () => decodeState(manifest, new Uint8Array(3)),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'MODEL_MALFORMED' }));
    }
  });

  it('are not written for a part of another length or without parts', () => {
    const manifest = manifestOf(sha256, [{ name: 'w', shape: [2] }]);
    expect(() => encodeState(manifest, { z: new BigInt64Array(3) })).toThrow(RangeError);
    expect(() => encodeState(manifest, {})).toThrow(RangeError);
  });
});

describe('what a run keeps', () => {
  it.each([
    ['fedAvg', undefined, []],
    ['fedNova', undefined, []],
    ['fedAvgM', undefined, ['m']],
    ['fedYogi', undefined, ['m', 'v']],
    ['scaffold', undefined, ['c']],
    ['fedAvg', 'centredClipping', ['z']],
    ['fedAdam', 'centredClipping', ['m', 'v', 'z']],
    ['fedAdagrad', 'krum', ['m', 'v']],
  ] as const)('%s with %s', (kind, robust, parts) => {
    expect(stateParts(kind, robust)).toEqual(parts);
    const start = initialState(stateParts(kind, robust), 3);
    expect(partsIn(start ?? {})).toEqual(parts);
    for (const part of parts) expect(start?.[part]).toHaveLength(3);
  });
});
