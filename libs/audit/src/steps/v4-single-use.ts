import { ExclusionReason } from '@tallystick/record';
import { demand } from '../findings.js';
import type { History } from '../history.js';

/**
 * A receipt is answered once in the whole run: by a round that counts it, or by one that closed empty over it. A node
 * signs one receipt for a task, so the receipts of one node are for different rounds.
 */
export function checkSingleUse({ rounds }: History): void {
  const usedIn = new Map<string, number>();
  const use = (key: string, node: number, round: number): void => {
    const earlier = usedIn.get(key);
    const place = { round, record: `receipt of node ${node}`, by: 'coordinator' } as const;
    const rule = 'a receipt that no other round took';
    demand(earlier === undefined, place, rule, `the one of round ${earlier ?? round}`);
    usedIn.set(key, round);
  };
  for (const { round, leaves, receipts, excluded } of rounds) {
    for (const [i, { node, receipt }] of leaves.entries()) {
      use(receipt, node, round);
      use(`${node}/${receipts[i]?.value.round ?? round}`, node, round);
    }
    for (const { node, receipt, reason } of excluded) {
      if (reason === ExclusionReason.quorum) use(receipt, node, round);
    }
  }
}
