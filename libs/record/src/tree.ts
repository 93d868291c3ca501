/** Joins a left and a right child into their parent. */
export type Join<N> = (left: N, right: N) => N;

/**
 * The levels of a tree in the shape of RFC 6962 §2.1, leaves first, root last. Pairing neighbours and promoting
 * an odd last node gives the same tree as splitting at the largest power of two below the count.
 */
export function treeLevels<N>(leaves: readonly N[], join: Join<N>): readonly (readonly N[])[] {
  let level = leaves;
  const levels = [level];
  while (level.length > 1) {
    level = parents(level, join);
    levels.push(level);
  }
  return levels;
}

function parents<N>(level: readonly N[], join: Join<N>): N[] {
  const out: N[] = [];
  for (const [i, node] of level.entries()) {
    const left = i % 2 === 1 ? level[i - 1] : undefined;
    if (left !== undefined) out.push(join(left, node));
    else if (i === level.length - 1) out.push(node);
  }
  return out;
}

/** The siblings on the way from leaf `index` to the root, lowest first; throws RangeError without such a leaf. */
export function treeProof<N>(levels: readonly (readonly N[])[], index: number): readonly N[] {
  const count = levels[0]?.length ?? 0;
  if (!isLeaf(index, count)) throw new RangeError(`there is no leaf ${index} of ${count}`);
  const proof: N[] = [];
  let at = index;
  for (const level of levels) {
    const sibling = level[at % 2 === 1 ? at - 1 : at + 1];
    if (sibling !== undefined) proof.push(sibling);
    at = Math.floor(at / 2);
  }
  return proof;
}

/** Where a leaf stands and the siblings that lead from it to the root. */
export interface Climb<N> {
  readonly count: number;
  readonly index: number;
  readonly leaf: N;
  readonly proof: readonly N[];
}

/** The root that the proof leads to; undefined unless it has exactly the steps of (index, count). */
export function climb<N>({ count, index, leaf, proof }: Climb<N>, join: Join<N>): N | undefined {
  if (!isLeaf(index, count)) return undefined;
  let node = leaf;
  let used = 0;
  for (let at = index, width = count; width > 1; width = Math.ceil(width / 2)) {
    if (at % 2 === 1 || at + 1 < width) {
      const sibling = proof[used++];
      if (sibling === undefined) return undefined;
      node = at % 2 === 1 ? join(sibling, node) : join(node, sibling);
    }
    at = Math.floor(at / 2);
  }
  return used === proof.length ? node : undefined;
}

function isLeaf(index: number, count: number): boolean {
  return (
    Number.isInteger(index) &&
    Number.isInteger(count) &&
    0 <= index &&
    index < count &&
    count <= 0xffff_ffff
  );
}
