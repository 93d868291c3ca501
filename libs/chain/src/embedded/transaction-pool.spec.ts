import { type Hash, isTallyError } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extrinsicHash, type PooledTransaction, TransactionPool } from './transaction-pool.js';
import type { ValidTransaction } from './transaction-validity.js';

const LIMITS = { maxCount: 4, maxBytes: 100, maxFuture: 2 };

/** Account and nonce as CheckNonce tags them; `isNext`: no requirement. */
function valid(
  account: string,
  nonce: number,
  options: Partial<ValidTransaction> & { isNext?: boolean } = {},
): ValidTransaction {
  const { isNext = nonce === 0, ...rest } = options;
  return {
    priority: 1n,
    requires: isNext ? [] : [`${account}${nonce - 1}`],
    provides: [`${account}${nonce}`],
    longevity: 1000n,
    ...rest,
  };
}

let unique = 0;
function bytes(length = 4): Uint8Array {
  const out = new Uint8Array(length);
  new DataView(out.buffer).setUint32(0, unique++);
  return out;
}

/** Everything the pool offers, all of it included. */
function drained(pool: TransactionPool): string[] {
  const offered: PooledTransaction[] = [];
  pool.offer((transaction) => {
    offered.push(transaction);
    return 'included';
  });
  return offered.flatMap(({ provides }) => provides);
}

/** Adds and returns the hash. */
function added(
  pool: TransactionPool,
  extrinsic: Uint8Array,
  validity: ValidTransaction,
  number = 0,
): Hash {
  pool.add(extrinsic, validity, number);
  return extrinsicHash(extrinsic);
}

function refusal(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('transaction pool', () => {
  test('offers an account in order of nonce, whatever the order of arrival', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (nonces) => {
        const pool = new TransactionPool();
        for (const nonce of nonces) pool.add(bytes(), valid('a', nonce), 0);
        expect(drained(pool)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `a${n}`));
      }),
    );
  });

  test('best priority first, then arrival; a gap holds back what is behind it', () => {
    const pool = new TransactionPool();
    pool.add(bytes(), valid('a', 0), 0);
    pool.add(bytes(), valid('b', 0, { priority: 5n }), 0);
    pool.add(bytes(), valid('c', 0), 0);
    pool.add(bytes(), valid('a', 2), 0);
    expect(drained(pool)).toEqual(['b0', 'a0', 'c0']);
    expect(pool.hasReady).toBe(true);
  });

  test('what a block provides makes the rest ready, and stays provided', () => {
    const pool = new TransactionPool();
    const first = added(pool, bytes(), valid('a', 0));
    pool.add(bytes(), valid('a', 1), 0);
    const [included] = pool.all().filter(({ hash }) => hash === first);
    pool.settle([included], 1);
    expect(pool.has(first)).toBe(false);
    expect(pool.hasReady).toBe(true);
    expect(drained(pool)).toEqual(['a1']);
  });

  test('a transaction that is dropped or does not fit takes those behind it with it for this block', () => {
    const pool = new TransactionPool();
    pool.add(bytes(), valid('a', 0), 0);
    pool.add(bytes(), valid('a', 1), 0);
    pool.add(bytes(), valid('b', 0), 0);
    const seen: string[] = [];
    pool.offer(({ provides }) => {
      seen.push(...provides);
      return provides[0] === 'a0' ? 'dropped' : 'included';
    });
    expect(seen).toEqual(['a0', 'b0']);
    const full: string[] = [];
    pool.offer(({ provides }) => {
      full.push(...provides);
      return 'blockFull';
    });
    expect(full).toEqual(['a0']);
    expect(pool.size).toBe(3);
  });

  test('refuses twins, and replacements without a higher priority', () => {
    const pool = new TransactionPool();
    const twin = bytes();
    pool.add(twin, valid('a', 0), 0);
    expect(
      isTallyError(
        refusal(() => pool.add(twin, valid('a', 0), 0)),
        'LEDGER_TRANSACTION_KNOWN',
      ),
    ).toBe(true);
    expect(
      isTallyError(
        refusal(() => pool.add(bytes(), valid('a', 0), 0)),
        'LEDGER_TRANSACTION_OUTBID',
      ),
    ).toBe(true);
    const better = added(pool, bytes(), valid('a', 0, { priority: 2n }));
    expect(pool.all().map(({ hash }) => hash)).toEqual([better]);
    expect(pool.has(extrinsicHash(twin))).toBe(false);
    expect(pool.provides('a0')).toBe(true);
  });

  test('is bounded by count, bytes and waiting transactions, and frees what leaves', () => {
    const full = (error: unknown): boolean => isTallyError(error, 'LEDGER_POOL_FULL');
    const byCount = new TransactionPool(LIMITS);
    const hashes = ['a', 'b', 'c', 'd'].map((account) =>
      added(byCount, bytes(), valid(account, 0)),
    );
    expect(full(refusal(() => byCount.add(bytes(), valid('e', 0), 0)))).toBe(true);
    byCount.remove(hashes[0]);
    byCount.add(bytes(), valid('e', 0), 0);

    const byBytes = new TransactionPool(LIMITS);
    const big = added(byBytes, bytes(90), valid('a', 0));
    expect(full(refusal(() => byBytes.add(bytes(11), valid('b', 0), 0)))).toBe(true);
    byBytes.add(bytes(99), valid('a', 0, { priority: 2n }), 0);
    expect(byBytes.has(big)).toBe(false);

    const byFuture = new TransactionPool(LIMITS);
    byFuture.add(bytes(), valid('a', 5), 0);
    byFuture.add(bytes(), valid('a', 6), 0);
    byFuture.add(bytes(), valid('b', 5), 0);
    expect(full(refusal(() => byFuture.add(bytes(), valid('c', 5), 0)))).toBe(true);
  });

  test('forgets what outlived its era', () => {
    const pool = new TransactionPool();
    pool.add(bytes(), valid('a', 0, { longevity: 2n }), 10);
    pool.add(bytes(), valid('b', 0, { longevity: 2n ** 64n - 1n }), 10);
    expect(pool.settle([], 11)).toEqual([]);
    expect(pool.settle([], 12)).toHaveLength(1);
    expect(pool.size).toBe(1);
  });
});
