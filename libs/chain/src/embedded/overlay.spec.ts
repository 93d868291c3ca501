import { toHex } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Overlay } from './overlay.js';
import { compact, opaque, vector } from './scale.js';
import { Trie } from './trie/trie.js';
import { must } from '../testing/must.js';

const key = fc.constantFrom('a', 'aa', 'ab', 'b', 'ba', '\u00ff');
const bytes = fc.uint8Array({ maxLength: 5 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, bytes }),
  fc.record({ kind: fc.constant('append' as const), key, bytes }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('clear' as const), key }),
  fc.record({ kind: fc.constantFrom('begin' as const, 'commit' as const, 'rollback' as const) }),
);

/** Append by copying, as sp-externalities defines it. */
function appended(value: Uint8Array | undefined, item: Uint8Array): Uint8Array {
  if (value === undefined || value.length === 0) return vector([item]);
  const first = value[0];
  const width = [1, 2, 4, 5 + (first >> 2)][first & 3];
  if (value.length < width) return vector([item]);
  const count =
    width > 4 ? NaN : Number(BigInt.asUintN(32, BigInt(littleEndian(value, width)) >> 2n));
  if (!Number.isFinite(count) || compact(count).length !== width) return vector([item]);
  return Uint8Array.from([...compact(count + 1), ...value.subarray(width), ...item]);
}

function littleEndian(value: Uint8Array, width: number): number {
  return value.subarray(0, width).reduceRight((sum, byte) => sum * 256 + byte, 0);
}

function isDone(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

describe('overlay', () => {
  test('behaves like a map with snapshots', () => {
    const base = ['a', 'b'].reduce(
      (t, k) => t.set(k, opaque(Uint8Array.of(1))),
      Trie.empty.set('aa', compact(0)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const overlay = new Overlay(base);
        const models = [new Map(['a', 'aa', 'b'].map((k) => [k, base.get(k) ?? new Uint8Array()]))];
        for (const s of steps) {
          const model = must(models.at(-1));
          if (s.kind === 'set') {
            overlay.set(s.key, s.bytes);
            model.set(s.key, s.bytes);
          } else if (s.kind === 'append') {
            overlay.append(s.key, s.bytes);
            model.set(s.key, appended(model.get(s.key), s.bytes));
          } else if (s.kind === 'delete') {
            overlay.delete(s.key);
            model.delete(s.key);
          } else if (s.kind === 'clear') {
            overlay.clearPrefix(s.key);
            for (const k of model.keys()) if (k.startsWith(s.key)) model.delete(k);
          } else if (s.kind === 'begin') {
            overlay.begin();
            models.push(new Map(model));
          } else if (isDone(() => overlay[s.kind]()) !== models.length > 1) {
            throw new Error('a transaction was closed that was not open, or the other way round');
          } else if (models.length > 1) {
            models.splice(s.kind === 'commit' ? -2 : -1, 1);
          }
          const now = must(models.at(-1));
          for (const k of ['a', 'aa', 'ab', 'b', 'ba', '\u00ff', 'c']) {
            expect(overlay.get(k) && toHex(must(overlay.get(k)))).toBe(
              now.get(k) && toHex(must(now.get(k))),
            );
            expect(overlay.nextKey(k)).toBe([...now.keys()].sort().find((other) => other > k));
          }
        }
        const plain = [...must(models.at(-1))].reduce((t, [k, v]) => t.set(k, v), Trie.empty);
        expect(toHex(overlay.trie().root())).toBe(toHex(plain.root()));
      }),
    );
  });

  test('a runtime cannot close what the host began, and what it leaves open is rolled back', () => {
    const overlay = new Overlay(Trie.empty);
    overlay.begin();
    overlay.set('host', Uint8Array.of(1));
    const outer = overlay.enter();
    expect(() => overlay.rollback()).toThrow(RangeError);
    expect(() => overlay.commit()).toThrow(RangeError);
    overlay.begin();
    overlay.set('runtime', Uint8Array.of(2));
    overlay.leave(outer);
    expect(overlay.get('runtime')).toBeUndefined();
    expect(overlay.get('host')).toEqual(Uint8Array.of(1));
    overlay.rollback();
    expect(overlay.get('host')).toBeUndefined();
  });

  test('a prefix is cleared with a limit that counts stored keys alone', () => {
    const base = ['p1', 'p2', 'p3', 'q'].reduce((t, k) => t.set(k, Uint8Array.of(1)), Trie.empty);
    const overlay = new Overlay(base);
    overlay.set('p0', Uint8Array.of(9));
    overlay.delete('p1');
    expect(overlay.clearPrefix('p', 2)).toEqual({ visited: 2, more: true });
    expect(['p0', 'p1', 'p2', 'p3', 'q'].map((k) => overlay.get(k) !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(overlay.clearPrefix('p', 3)).toEqual({ visited: 3, more: false });
    expect(overlay.nextKey('')).toBe('q');
  });

  test('child storage is not reachable through the main trie', () => {
    const overlay = new Overlay(Trie.empty);
    overlay.set(':child_storage:default:x', Uint8Array.of(1));
    expect(overlay.changes()).toEqual([]);
    overlay.set('k', Uint8Array.of(1));
    expect(overlay.clearPrefix('')).toEqual({ visited: 0, more: false });
    expect(overlay.get('k')).toBeDefined();
  });

  test('10,000 appends cost what they weigh: the value is assembled once', () => {
    const overlay = new Overlay(Trie.empty);
    const item = new Uint8Array(100);
    for (let i = 0; i < 10_000; i++) overlay.append('events', item);
    const value = overlay.get('events');
    expect(value?.length).toBe(4 - 2 + 10_000 * 100);
    expect(overlay.get('events')).toBe(value);
  });
});
