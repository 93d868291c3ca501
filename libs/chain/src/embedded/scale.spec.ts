import { toHex } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compact, littleEndian, opaque, ScaleReader, vector } from './scale.js';

describe('SCALE', () => {
  test('compact integers as parity-scale-codec writes them', () => {
    const vectors: [number, string][] = [
      [0, '00'],
      [1, '04'],
      [63, 'fc'],
      [64, '0101'],
      [16_383, 'fdff'],
      [16_384, '02000100'],
      [1_073_741_823, 'feffffff'],
      [1_073_741_824, '0300000040'],
      [4_294_967_295, '03ffffffff'],
      [4_294_967_296, '070000000001'],
    ];
    for (const [value, hex] of vectors) expect(toHex(compact(value))).toBe(hex);
  });

  test('compact integers come back, and only in their shortest form', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        const reader = new ScaleReader(compact(value));
        expect(reader.compact()).toBe(value);
        reader.end();
      }),
    );
    for (const long of [
      [1, 0],
      [2, 0, 0, 0],
      [3, 1, 0, 0, 0],
      [7, 1, 0, 0, 0, 0],
    ]) {
      expect(() => new ScaleReader(Uint8Array.from(long)).compact()).toThrow(RangeError);
    }
  });

  test('reads what was written and refuses what is cut short or left over', () => {
    const bytes = vector([opaque(Uint8Array.of(1, 2)), opaque(new Uint8Array())]);
    const reader = new ScaleReader(bytes);
    expect(reader.vector(() => reader.opaque())).toEqual([Uint8Array.of(1, 2), new Uint8Array()]);
    reader.end();
    for (let length = 0; length < bytes.length; length++) {
      const cut = new ScaleReader(bytes.subarray(0, length));
      expect(() => cut.vector(() => cut.opaque())).toThrow(RangeError);
    }
    expect(() => new ScaleReader(bytes).end()).toThrow(RangeError);
  });

  test('a forged count is refused before anything is allocated', () => {
    const reader = new ScaleReader(compact(1_000_000_000));
    expect(() => reader.vector(() => reader.u8())).toThrow(/announced/);
  });

  test('fixed integers and options', () => {
    const reader = new ScaleReader(
      Uint8Array.from([...littleEndian(2n ** 64n - 1n, 8), 0, 1, 7, 2]),
    );
    expect(reader.u64()).toBe(2n ** 64n - 1n);
    expect(reader.option(() => reader.u8())).toBeUndefined();
    expect(reader.option(() => reader.u8())).toBe(7);
    expect(() => reader.option(() => reader.u8())).toThrow(RangeError);
  });
});
