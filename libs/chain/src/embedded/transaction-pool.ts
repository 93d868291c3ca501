import { type Hash, TallyError } from '@tallystick/kernel';
import { blake2b256 } from './hashing.js';
import { hashOf } from './hex.js';
import type { ValidTransaction } from './transaction-validity.js';

/** Bounds of the pool. */
export interface PoolLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** Transactions that wait for one not here yet. */
  readonly maxFuture: number;
}

export const POOL_LIMITS: PoolLimits = {
  maxCount: 4096,
  maxBytes: 20 * 1024 * 1024,
  maxFuture: 512,
};

/** A transaction that waits for its block. */
export interface PooledTransaction {
  readonly hash: Hash;
  readonly extrinsic: Uint8Array;
  readonly priority: bigint;
  readonly provides: readonly string[];
  /** Last block number it may go into. */
  readonly validUntil: bigint;
}

interface Entry extends PooledTransaction {
  /** Required tags that no block has provided yet. */
  readonly missing: Set<string>;
  /** It did not fit into a block that held nothing else. */
  isPostponed?: boolean;
}

/** What became of a transaction offered to a block. */
export type Offered = 'included' | 'kept' | 'dropped' | 'blockFull';

/** Hash of an extrinsic: BLAKE2b-256 of its bytes, length prefix included. */
export function extrinsicHash(extrinsic: Uint8Array): Hash {
  return hashOf(blake2b256(extrinsic));
}

/**
 * Valid transactions that are in no block yet, ordered by priority and arrival, and by the tags (account and nonce) they
 * need from one another. Bounded by count, bytes and number of waiting ones; nothing is ever dropped to make room.
 */
export class TransactionPool {
  readonly #limits: PoolLimits;
  readonly #entries = new Map<Hash, Entry>();
  readonly #providers = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: PoolLimits = POOL_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(hash: Hash): boolean {
    return this.#entries.has(hash);
  }

  /** True iff the transaction that provides `tag` waits here. */
  provides(tag: string): boolean {
    return this.#providers.has(tag);
  }

  /** All transactions, in order of arrival. */
  all(): readonly PooledTransaction[] {
    return [...this.#entries.values()];
  }

  /**
   * Takes a transaction judged valid at block `number`; returns the ones it replaced. Throws LEDGER_TRANSACTION_KNOWN,
   * LEDGER_TRANSACTION_OUTBID or LEDGER_POOL_FULL. @param extrinsic kept, not copied.
   */
  add(
    extrinsic: Uint8Array,
    validity: ValidTransaction,
    number: number,
  ): readonly PooledTransaction[] {
    const { priority, provides, requires, longevity } = validity;
    const hash = extrinsicHash(extrinsic);
    if (this.has(hash)) throw new TallyError('LEDGER_TRANSACTION_KNOWN', { hash });
    const validUntil = BigInt(number) + longevity;
    const missing = new Set(requires);
    const entry = { hash, extrinsic, priority, provides, validUntil, missing };
    const replaced = this.#replacedBy(entry);
    this.#checkRoom(entry, replaced);
    for (const old of replaced) this.remove(old.hash);
    this.#entries.set(hash, entry);
    this.#bytes += extrinsic.length;
    for (const tag of provides) this.#providers.set(tag, entry);
    return replaced;
  }

  /** True the first time: a transaction that fits into no empty block twice over is too large. */
  postpone(hash: Hash): boolean {
    const entry = this.#entries.get(hash);
    if (entry === undefined || entry.isPostponed === true) return false;
    entry.isPostponed = true;
    return true;
  }

  /** Forgets a transaction, wherever it went. */
  remove(hash: Hash): void {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return;
    this.#entries.delete(hash);
    this.#bytes -= entry.extrinsic.length;
    for (const tag of entry.provides) {
      if (this.#providers.get(tag) === entry) this.#providers.delete(tag);
    }
  }

  /** True iff some transaction needs nothing that is not here. */
  get hasReady(): boolean {
    for (const entry of this.#entries.values()) if (entry.missing.size === 0) return true;
    return false;
  }

  /**
   * Offers ready transactions one by one, best first; what one provides makes those that need it ready. Nothing leaves
   * the pool here: `settle` does that, once the block is durable. Stops at `blockFull`.
   */
  offer(put: (transaction: PooledTransaction) => Offered): void {
    const waiting = new Set([...this.#entries.values()].sort(byPriority));
    const provided = new Set<string>();
    for (let progress = true; progress;) {
      progress = false;
      for (const entry of waiting) {
        if (![...entry.missing].every((tag) => provided.has(tag))) continue;
        waiting.delete(entry);
        const outcome = put(entry);
        if (outcome === 'blockFull') return;
        if (outcome !== 'included') continue;
        for (const tag of entry.provides) provided.add(tag);
        progress = true;
      }
    }
  }

  /** A block came: its transactions leave, what they provide is there for ever. Returns those that are too old now. */
  settle(included: readonly PooledTransaction[], number: number): readonly PooledTransaction[] {
    for (const transaction of included) this.remove(transaction.hash);
    const tags = included.flatMap((transaction) => transaction.provides);
    const expired: Entry[] = [];
    for (const entry of this.#entries.values()) {
      for (const tag of tags) entry.missing.delete(tag);
      if (entry.validUntil <= BigInt(number)) expired.push(entry);
    }
    for (const entry of expired) this.remove(entry.hash);
    return expired;
  }

  #replacedBy(entry: Entry): readonly Entry[] {
    const old = [...new Set(entry.provides.flatMap((tag) => this.#providers.get(tag) ?? []))];
    if (old.some((other) => other.priority >= entry.priority)) {
      throw new TallyError('LEDGER_TRANSACTION_OUTBID', { hash: entry.hash });
    }
    return old;
  }

  #checkRoom(entry: Entry, replaced: readonly Entry[]): void {
    const { maxBytes, maxCount, maxFuture } = this.#limits;
    const freed = replaced.reduce((sum, old) => sum + old.extrinsic.length, 0);
    if (this.size - replaced.length >= maxCount) throw full(`${maxCount} transactions`);
    if (this.#bytes - freed + entry.extrinsic.length > maxBytes) throw full(`${maxBytes} bytes`);
    if (!this.#isFuture(entry)) return;
    const future = [...this.#entries.values()].filter((other) => this.#isFuture(other)).length;
    if (future >= maxFuture) throw full(`${maxFuture} transactions with a gap before their nonce`);
  }

  /** Needs a tag that neither a block nor the pool provides. */
  #isFuture(entry: Entry): boolean {
    for (const tag of entry.missing) if (!this.#providers.has(tag)) return true;
    return false;
  }
}

/** Stable, so arrival decides between equals. */
function byPriority(a: Entry, b: Entry): number {
  if (a.priority === b.priority) return 0;
  return a.priority > b.priority ? -1 : 1;
}

function full(limit: string): TallyError {
  return new TallyError('LEDGER_POOL_FULL', { limit });
}
