import { concatBytes, fromHex, type Hash, toHex, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  plainProof,
  plainRoot,
  type SumNode,
  sumProof,
  sumProofs,
  sumTree,
  verifyPlain,
  verifySum,
} from './index.js';

const MAX = 2n ** 128n - 1n;

/** RFC 6962 §2.1 as it is written: split at the largest power of two below n. */
function naiveRoot(leaves: readonly Hash[]): Hash {
  const [first] = leaves;
  if (first === undefined) return ZERO_HASH;
  if (leaves.length === 1) return first;
  const k = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  const left = naiveRoot(leaves.slice(0, k));
  return sha256(Uint8Array.of(1), fromHex(left), fromHex(naiveRoot(leaves.slice(k))));
}

/** RFC 6962 §2.1.1. */
function naiveProof(leaves: readonly Hash[], m: number): readonly Hash[] {
  if (leaves.length === 1) return [];
  const k = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return m < k
    ? [...naiveProof(leaves.slice(0, k), m), naiveRoot(leaves.slice(k))]
    : [...naiveProof(leaves.slice(k), m - k), naiveRoot(leaves.slice(0, k))];
}

function naiveSum(leaves: readonly SumNode[]): SumNode {
  const [first] = leaves;
  if (first === undefined) return { hash: ZERO_HASH, sum: 0n };
  if (leaves.length === 1) return first;
  const k = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  const [l, r] = [naiveSum(leaves.slice(0, k)), naiveSum(leaves.slice(k))];
  const parts = [fromHex(l.hash), le128(l.sum), fromHex(r.hash), le128(r.sum)];
  return { hash: sha256(Uint8Array.of(3), concatBytes(...parts)), sum: l.sum + r.sum };
}

function le128(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(32, '0')).reverse();
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => sha256(bytes));
const leavesOf = (max: number) => fc.array(hash, { minLength: 1, maxLength: max });
const sumLeavesOf = (max: number) =>
  fc.array(fc.record({ hash, sum: fc.bigInt(0n, 2n ** 120n) }), { minLength: 1, maxLength: max });

describe('plain tree', () => {
  it('has the shape of RFC 6962 for every count and index', () => {
    fc.assert(
      fc.property(leavesOf(70), fc.nat(), (leaves, pick) => {
        const index = pick % leaves.length;
        const proof = plainProof(sha256, leaves, index);
        expect(plainRoot(sha256, leaves)).toBe(naiveRoot(leaves));
        expect(proof).toEqual(naiveProof(leaves, index));
      }),
    );
  });

  it('accepts a claim and none of its mutants', () => {
    fc.assert(
      fc.property(leavesOf(40), fc.nat(), hash, (leaves, pick, stranger) => {
        const index = pick % leaves.length;
        const claim = {
          root: plainRoot(sha256, leaves),
          count: leaves.length,
          index,
          leaf: leaves[index] ?? ZERO_HASH,
          proof: plainProof(sha256, leaves, index),
        };
        expect(verifyPlain(sha256, claim)).toBe(true);
        const { proof } = claim;
        const mutants = [
          { ...claim, root: stranger },
          { ...claim, leaf: stranger },
          { ...claim, index: leaves.length },
          { ...claim, index: -1 },
          { ...claim, index: index + 0.5 },
          { ...claim, count: 0 },
          { ...claim, count: 2 ** 32 + leaves.length },
          { ...claim, proof: [...proof, stranger] },
          ...proof.flatMap((_, i) => [
            { ...claim, proof: proof.filter((__, j) => j !== i) },
            { ...claim, proof: proof.with(i, stranger) },
          ]),
          ...Array.from({ length: leaves.length }, (_, i) => ({ ...claim, index: i })).filter(
            (mutant) => mutant.index !== index && leaves[mutant.index] !== claim.leaf,
          ),
        ];
        for (const mutant of mutants) expect(verifyPlain(sha256, mutant)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('does not duplicate an odd leaf', () => {
    const [a, b, c] = [1, 2, 3].map((i) => sha256(Uint8Array.of(i)));
    const three = [a, b, c].filter((leaf) => leaf !== undefined);
    const four = [...three, ...three.slice(-1)];
    expect(plainRoot(sha256, three)).not.toBe(plainRoot(sha256, four));
  });

  it('has zeros for a root and no proof without leaves', () => {
    expect(plainRoot(sha256, [])).toBe(ZERO_HASH);
    expect(() => plainProof(sha256, [], 0)).toThrow('there is no leaf 0 of 0');
    const claim = { root: ZERO_HASH, count: 0, index: 0, leaf: ZERO_HASH, proof: [] };
    expect(verifyPlain(sha256, claim)).toBe(false);
  });

  it('is its leaf when there is one', () => {
    const leaf = sha256(Uint8Array.of(7));
    expect(plainRoot(sha256, [leaf])).toBe(leaf);
    expect(verifyPlain(sha256, { root: leaf, count: 1, index: 0, leaf, proof: [] })).toBe(true);
  });
});

describe('sum tree', () => {
  it('equals the recursive definition, total included', () => {
    fc.assert(
      fc.property(sumLeavesOf(70), (leaves) => {
        const { hash: root, sum: total } = naiveSum(leaves);
        expect(sumTree(sha256, leaves)).toEqual({ root, total });
      }),
    );
  });

  it('accepts a claim and none of its mutants', () => {
    fc.assert(
      fc.property(sumLeavesOf(40), fc.nat(), hash, (leaves, pick, stranger) => {
        const index = pick % leaves.length;
        const leaf = leaves[index] ?? { hash: ZERO_HASH, sum: 0n };
        const proof = sumProof(sha256, leaves, index);
        const claim = { ...sumTree(sha256, leaves), count: leaves.length, index, leaf, proof };
        expect(sumProofs(sha256, leaves)[index]).toEqual(proof);
        expect(verifySum(sha256, claim)).toBe(true);
        const mutants = [
          { ...claim, root: stranger },
          { ...claim, total: claim.total + 1n },
          { ...claim, leaf: { ...leaf, hash: stranger } },
          { ...claim, leaf: { ...leaf, sum: leaf.sum + 1n }, total: claim.total + 1n },
          { ...claim, index: leaves.length },
          { ...claim, proof: [...proof, leaf] },
          ...proof.flatMap((step, i) => [
            { ...claim, proof: proof.toSpliced(i, 1) },
            { ...claim, proof: proof.with(i, { ...step, hash: stranger }) },
            { ...claim, proof: proof.with(i, { ...step, sum: step.sum + 1n }) },
          ]),
        ];
        // A lone leaf carries its sum in its own hash, not in the root: the record behind it is the check.
        const binding = leaves.length === 1 ? mutants.filter((_, i) => i !== 3) : mutants;
        for (const mutant of binding) expect(verifySum(sha256, mutant)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('binds how a total is shared', () => {
    const [a, b] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
    const shared = (x: bigint, y: bigint) =>
      sumTree(sha256, [
        { hash: a, sum: x },
        { hash: b, sum: y },
      ]);
    expect(shared(1n, 2n).root).not.toBe(shared(2n, 1n).root);
    expect(shared(1n, 2n).total).toBe(shared(2n, 1n).total);
  });

  it('checks every addition', () => {
    const leaf = (sum: bigint): SumNode => ({ hash: sha256(Uint8Array.of(7)), sum });
    expect(sumTree(sha256, [leaf(MAX), leaf(0n)]).total).toBe(MAX);
    expect(() => sumTree(sha256, [leaf(MAX), leaf(1n)])).toThrow(RangeError);
    expect(() => sumTree(sha256, [leaf(-1n), leaf(1n)])).toThrow(RangeError);
    const claim = {
      root: ZERO_HASH,
      total: 0n,
      count: 3,
      index: 0,
      leaf: leaf(MAX),
      proof: [leaf(MAX), leaf(1n)],
    };
    expect(verifySum(sha256, claim)).toBe(false);
    expect(verifySum(sha256, { ...claim, leaf: leaf(-1n) })).toBe(false);
  });

  it('has zeros, total 0 and no proof without leaves', () => {
    expect(sumTree(sha256, [])).toEqual({ root: ZERO_HASH, total: 0n });
    const leaf = { hash: ZERO_HASH, sum: 0n };
    const claim = { root: ZERO_HASH, total: 0n, count: 0, index: 0, leaf, proof: [] };
    expect(verifySum(sha256, claim)).toBe(false);
    expect(toHex(le128(258n)).slice(0, 6)).toBe('020100');
  });
});
