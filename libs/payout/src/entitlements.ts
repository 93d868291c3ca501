import type { AccountId, Sha256 } from '@tallystick/kernel';
import {
  ENTITLE,
  type Entitle,
  type Epoch,
  sumLeaf,
  type SumNode,
  sumProof,
  sumTree,
  verifySum,
} from '@tallystick/record';

/** An entitlement with its place in the tree: what a claim brings to the chain. */
export interface EntitleClaim {
  readonly index: number;
  readonly leaf: Entitle;
  readonly proof: readonly SumNode[];
}

/** The part of the epoch record that the tree decides. */
export type EntitleRoot = Pick<Epoch, 'entitleRoot' | 'accounts' | 'total'>;

/** What every account may have drawn after `payments`: sorted by account, nobody's less than before, zeros left out. */
export function addPayments(
  before: readonly Entitle[],
  payments: readonly { readonly account: AccountId; readonly units: bigint }[],
): readonly Entitle[] {
  const cumulative = new Map(before.map((leaf) => [leaf.account, leaf.cumulative]));
  for (const { account, units } of payments) {
    if (units < 0n) throw new RangeError(`${account} cannot be paid ${units}`);
    cumulative.set(account, (cumulative.get(account) ?? 0n) + units);
  }
  return [...cumulative]
    .filter(([, units]) => units > 0n)
    .map(([account, units]) => ({ account, cumulative: units }))
    .toSorted((a, b) => (a.account < b.account ? -1 : 1));
}

/** Root, number and sum of `entitlements`, which are sorted by account. */
export function entitleRoot(sha256: Sha256, entitlements: readonly Entitle[]): EntitleRoot {
  const { root, total } = sumTree(sha256, leavesOf(sha256, entitlements));
  return { entitleRoot: root, accounts: entitlements.length, total };
}

/** The claim of `account`; undefined when it is owed nothing. */
export function entitleClaim(
  sha256: Sha256,
  entitlements: readonly Entitle[],
  account: AccountId,
): EntitleClaim | undefined {
  const index = entitlements.findIndex((leaf) => leaf.account === account);
  const leaf = entitlements[index];
  if (leaf === undefined) return undefined;
  return { index, leaf, proof: sumProof(sha256, leavesOf(sha256, entitlements), index) };
}

/** True iff the claim stands in the tree of `epoch`. */
export function verifyEntitlement(
  sha256: Sha256,
  epoch: EntitleRoot,
  { index, leaf, proof }: EntitleClaim,
): boolean {
  return verifySum(sha256, {
    root: epoch.entitleRoot,
    total: epoch.total,
    count: epoch.accounts,
    index,
    leaf: sumNode(sha256, leaf),
    proof,
  });
}

function leavesOf(sha256: Sha256, entitlements: readonly Entitle[]): readonly SumNode[] {
  return entitlements.map((leaf) => sumNode(sha256, leaf));
}

function sumNode(sha256: Sha256, leaf: Entitle): SumNode {
  return { hash: sumLeaf(sha256, ENTITLE, leaf), sum: leaf.cumulative };
}
