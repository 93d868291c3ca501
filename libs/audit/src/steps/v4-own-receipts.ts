import type { NodeAnchor } from '../anchors.js';
import { demand } from '../findings.js';
import type { History } from '../history.js';

/** Receipts in the node's name that its own log does not know: somebody else holds its key. */
export function checkOwnReceipts({ rounds }: History, log: NodeAnchor): void {
  if (log.receipts === undefined) return;
  const known = new Set(log.receipts.map(({ hash }) => hash));
  const seen = [...log.receipts, ...log.headers].map(({ round }) => round);
  const last = seen.reduce((a, b) => Math.max(a, b), -1); // the log may be older than the bundle
  for (const { round, leaves } of rounds) {
    if (round > last) break;
    const leaf = leaves.find(({ node }) => node === log.node);
    if (leaf === undefined) continue;
    const place = { round, record: `receipt in ${log.name}`, by: `node ${log.node}` } as const;
    const isOwn = known.has(leaf.receipt);
    demand(isOwn, place, `the receipt ${leaf.receipt}`, 'none with this hash');
  }
}
