import { asAccountId, asNodeId } from '@tallystick/kernel';
import type { Earner } from '../index.js';

/** The upper 32 bits of a 64-bit linear congruential generator (Knuth, MMIX), as in test-vectors/payouts.py. */
export class Draws {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  u32(): number {
    const next = this.#state * 6364136223846793005n + 1442695040888963407n;
    this.#state = BigInt.asUintN(64, next);
    return Number(this.#state >> 32n);
  }

  below(bound: number): number {
    return this.u32() % bound;
  }

  bits(count: number): bigint {
    let value = 0n;
    for (let drawn = 0; drawn < count; drawn += 32) value = (value << 32n) | BigInt(this.u32());
    return value >> BigInt((32 - (count % 32)) % 32);
  }
}

/** One epoch to be paid. */
export interface DrawnVector {
  readonly budget: bigint;
  readonly capPpm: number;
  readonly earners: readonly Earner[];
}

const MAX_U64 = 2n ** 64n - 1n;

/** Budgets of 0 to 2⁹⁶, any cap, 1 to 16 payees; equal, tiny, largest and lopsided shares among the random ones. */
export function drawVector(draws: Draws): DrawnVector {
  const payees = 1 + draws.below(16);
  const budget = draws.below(16) === 0 ? 2n ** 96n : draws.bits(draws.below(97));
  const capPpm = draws.below(4) === 0 ? 1_000_000 : 1 + draws.below(1_000_000);
  const shares = drawShares(draws, payees);
  const earners = shares.map((share, i) => ({
    node: asNodeId(i),
    account: asAccountId(i.toString(16).padStart(64, '0')),
    share,
  }));
  return { budget, capPpm, earners };
}

function drawShares(draws: Draws, payees: number): readonly bigint[] {
  const each = (share: () => bigint): readonly bigint[] => Array.from({ length: payees }, share);
  switch (draws.below(8)) {
    case 0: {
      const all = draws.bits(64);
      return each(() => all);
    }
    case 1:
      return each(() => BigInt(draws.below(2)));
    case 2:
      return each(() => MAX_U64 * BigInt(draws.below(2)));
    case 3:
      return [MAX_U64, ...Array.from({ length: payees - 1 }, () => BigInt(draws.below(3)))];
    default:
      return each(() => draws.bits(draws.below(65)));
  }
}
