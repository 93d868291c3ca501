import { AppendRope } from './append-rope.js';
import { Trie } from './trie/trie.js';

/** What a layer holds for a key: a value, a growing vector, or `null` for "deleted". */
type Entry = Uint8Array | AppendRope | null;

const CHILD_STORAGE = ':child_storage:';

/**
 * Pending writes over an immutable state, in nested transactions: the storage a runtime call sees. Keys are key texts.
 * The bottom layer belongs to the host; a runtime can only close the transactions it began (`enter`/`leave`).
 * Child tries do not exist here: writes under `:child_storage:` are ignored, as Substrate's host ignores them in the
 * main trie.
 */
export class Overlay {
  readonly #base: Trie;
  readonly #layers: Map<string, Entry>[] = [new Map<string, Entry>()];
  #floor = 1;
  #trie: Trie | undefined;
  #sorted: string[] | undefined;

  constructor(base: Trie) {
    this.#base = base;
    this.#trie = base;
  }

  get(key: string): Uint8Array | undefined {
    const entry = this.#entry(key);
    if (entry === undefined) return this.#base.get(key);
    return entry instanceof AppendRope ? entry.bytes : (entry ?? undefined);
  }

  /** @param value kept, not copied. */
  set(key: string, value: Uint8Array): void {
    this.#put(key, value);
  }

  delete(key: string): void {
    this.#put(key, null);
  }

  /** Appends one encoded item to the SCALE vector at `key`. @param item kept, not copied. */
  append(key: string, item: Uint8Array): void {
    const entry = this.#entry(key);
    const rope = entry instanceof AppendRope ? entry : AppendRope.of(this.get(key));
    this.#put(key, rope.append(item));
  }

  /** Smallest present key greater than `key`. */
  nextKey(key: string): string | undefined {
    let stored = this.#base.nextKey(key);
    while (stored !== undefined && this.#entry(stored) === null)
      stored = this.#base.nextKey(stored);
    const changed = this.#changedAfter(key);
    if (changed === undefined || stored === undefined) return changed ?? stored;
    return changed < stored ? changed : stored;
  }

  /**
   * Deletes the keys that begin with `prefix`: every pending one, and at most `limit` of the underlying state, as
   * Substrate counts (one key deleted already still counts).
   */
  clearPrefix(
    prefix: string,
    limit: number = Infinity,
  ): { readonly visited: number; readonly more: boolean } {
    if (CHILD_STORAGE.startsWith(prefix) || prefix.startsWith(CHILD_STORAGE)) {
      return { visited: 0, more: false };
    }
    for (const key of this.#keys()) if (key.startsWith(prefix)) this.delete(key);
    let visited = 0;
    let key = this.#base.get(prefix) === undefined ? this.#base.nextKey(prefix) : prefix;
    for (; key?.startsWith(prefix) === true; key = this.#base.nextKey(key)) {
      if (visited === limit) return { visited, more: true };
      this.delete(key);
      visited += 1;
    }
    return { visited, more: false };
  }

  begin(): void {
    this.#layers.push(new Map());
  }

  /** Merges the innermost transaction into the one around it. Throws RangeError when the runtime has none open. */
  commit(): void {
    const layer = this.#close();
    const below = this.#layers.at(-1);
    for (const [key, entry] of layer) below?.set(key, entry);
  }

  /** Forgets the innermost transaction. Throws RangeError when the runtime has none open. */
  rollback(): void {
    this.#close();
    this.#changed();
  }

  /** A runtime call begins: transactions open now are out of its reach. Give the result to `leave`. */
  enter(): number {
    const outer = this.#floor;
    this.#floor = this.#layers.length;
    return outer;
  }

  /** A runtime call ended: rolls back what it left open. */
  leave(outer: number): void {
    while (this.#layers.length > this.#floor) this.rollback();
    this.#floor = outer;
  }

  /** The state with all pending writes applied. Computed once until the next write. */
  trie(): Trie {
    return (this.#trie ??= this.#apply());
  }

  /** All pending writes by key, ascending; undefined: deleted. */
  changes(): [key: string, value: Uint8Array | undefined][] {
    return this.#keys().map((key) => [key, this.get(key)]);
  }

  #apply(): Trie {
    return this.changes().reduce(
      (trie, [key, value]) => (value === undefined ? trie.delete(key) : trie.set(key, value)),
      this.#base,
    );
  }

  #entry(key: string): Entry | undefined {
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const entry = this.#layers[at]?.get(key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #put(key: string, entry: Entry): void {
    if (key.startsWith(CHILD_STORAGE)) return;
    this.#layers.at(-1)?.set(key, entry);
    this.#changed();
  }

  #changed(): void {
    this.#trie = undefined;
    this.#sorted = undefined;
  }

  #close(): Map<string, Entry> {
    const layer = this.#layers.length > this.#floor ? this.#layers.pop() : undefined;
    if (layer === undefined) throw new RangeError('no storage transaction is open');
    return layer;
  }

  /** Keys of all layers, ascending. */
  #keys(): readonly string[] {
    return (this.#sorted ??= [...new Set(this.#layers.flatMap((l) => [...l.keys()]))].sort());
  }

  #changedAfter(key: string): string | undefined {
    const keys = this.#keys();
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] ?? '') > key) high = middle;
      else low = middle + 1;
    }
    while (low < keys.length && this.#entry(keys[low] ?? '') === null) low++;
    return keys[low];
  }
}
