import { beforeEach, describe, expect, it } from 'vitest';
import { keepVerdict, readVerdicts, verdictIn } from './verdicts.js';

/** A browser's storage as far as it is used. */
class MemoryStorage {
  readonly #items = new Map<string, string>();
  isFull = false;
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.#items.set(key, value);
  }
}

const run = { run: 3, createdAtMs: 17 };
const good = { rounds: 15, finding: null, atMs: 5 };

describe('verdicts', () => {
  let store: MemoryStorage;
  beforeEach(() => {
    store = new MemoryStorage();
  });

  it('remembers the newest of a run, and none of the same number in another federation', () => {
    keepVerdict(run, good, store);
    keepVerdict(run, { ...good, finding: 'round 2' }, store);
    expect(verdictIn(readVerdicts(store), run)).toEqual({ ...good, finding: 'round 2' });
    expect(verdictIn(readVerdicts(store), { ...run, createdAtMs: 18 })).toBeUndefined();
  });

  it('keeps 200', () => {
    for (let i = 0; i < 250; i++) keepVerdict({ run: i, createdAtMs: 1 }, good, store);
    const known = readVerdicts(store);
    expect(Object.keys(known)).toHaveLength(200);
    expect(verdictIn(known, { run: 249, createdAtMs: 1 })).toEqual(good);
    expect(verdictIn(known, { run: 49, createdAtMs: 1 })).toBeUndefined();
  });

  it('takes what it does not know for nothing, and a full browser for one that keeps nothing', () => {
    for (const text of ['', '[]', 'null', '{"3.17":{"rounds":"x"}}', '{"3.17":null}']) {
      store.setItem('tally.verdicts', text);
      expect(verdictIn(readVerdicts(store), run)).toBeUndefined();
    }
    store.isFull = true;
    expect(() => keepVerdict(run, good, store)).not.toThrow();
  });
});
