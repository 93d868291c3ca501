import type { AccountId } from '@tallystick/kernel';
import type { EligibleNode } from '@tallystick/rounds';

/** A node as the ledger in memory keeps it. */
export interface MemoryNode {
  eligible: Omit<EligibleNode, 'cap' | 'keyEpoch'>;
  readonly owner: AccountId;
  status: 'pending' | 'active' | 'revoked';
  cap: bigint;
  keyEpoch: number;
}

/** As it is registered: not admitted yet. */
export function pendingNode(owner: AccountId, eligible: MemoryNode['eligible']): MemoryNode {
  return { eligible, owner, status: 'pending', cap: 0n, keyEpoch: 0 };
}
