import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WasmMemory } from './memory.js';

const MIB = 1024 * 1024;

function memory(): WasmMemory {
  const made = new WasmMemory(new WebAssembly.Memory({ initial: 2 }));
  made.openHeap(1001);
  return made;
}

describe('wasm memory', () => {
  test('allocations never overlap, whatever is freed in between', () => {
    const step = fc.record({ length: fc.nat({ max: 5000 }), free: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const m = memory();
        const live: { pointer: number; length: number; mark: number }[] = [];
        for (const [mark, { free, length }] of steps.entries()) {
          if (free !== null && live.length > 0) {
            const [gone] = live.splice(free % live.length, 1);
            m.free(gone.pointer);
          }
          const pointer = m.allocate(length);
          expect(pointer % 8).toBe(0);
          m.view(pointer, length).fill(mark % 256);
          live.push({ pointer, length, mark });
        }
        for (const { length, mark, pointer } of live) {
          expect(m.view(pointer, length).every((byte) => byte === mark % 256)).toBe(true);
        }
      }),
    );
  });

  test('freed places are used again, sizes round up to powers of two', () => {
    const m = memory();
    const first = m.allocate(9);
    const second = m.allocate(16);
    expect(second - first).toBe(16 + 8);
    m.free(first);
    expect(m.allocate(12)).toBe(first);
    expect(m.allocate(0) - second).toBe(16 + 8);
  });

  test('grows, and refuses more than Substrate grants', () => {
    const m = memory();
    const pointer = m.allocate(32 * MIB);
    expect(m.view(pointer, 32 * MIB).length).toBe(32 * MIB);
    expect(() => m.allocate(32 * MIB + 1)).toThrow(/too large/);
    for (let i = 0; i < 3; i++) m.allocate(32 * MIB);
    expect(() => m.allocate(32 * MIB)).toThrow(/exhausted/);
  });

  test('misuse is a trap', () => {
    const m = memory();
    const pointer = m.allocate(8);
    m.free(pointer);
    expect(() => m.free(pointer)).toThrow(/not allocated/);
    expect(() => m.free(4)).toThrow(/not on the heap/);
    expect(() => m.free(1_000_000)).toThrow(/not on the heap/);
    expect(() => m.span((100n << 32n) | 131_000n)).toThrow(/outside/);
    expect(() => m.view(-1, 1)).toThrow(/outside/);
  });

  test('spans carry pointer and length; reset makes everything as new', () => {
    const m = new WasmMemory(new WebAssembly.Memory({ initial: 2 }));
    m.view(500, 4).fill(7);
    const pristine = m.openHeap(1001);
    m.view(500, 4).fill(9);
    const span = m.putSpan(Uint8Array.of(1, 2, 3));
    expect([...m.span(span)]).toEqual([1, 2, 3]);
    m.reset(pristine);
    expect([...m.view(500, 4)]).toEqual([7, 7, 7, 7]);
    expect(m.putSpan(Uint8Array.of(1))).toBe((1n << 32n) | (span & 0xffff_ffffn));
  });
});
