import type { NodeAnchor } from '../anchors.js';
import { demand, demandEqual } from '../findings.js';
import type { History } from '../history.js';
import { blockTimeMs } from '../state/chain-facts.js';

/** What a node's own log says about promises it holds and receipts it signed. */
export function checkLog(history: History, log: NodeAnchor): void {
  checkPromisesHeld(history, log);
  checkOwnReceipts(history, log);
}

/** A promise is kept when its receipt is a leaf of the round, counted or in a round that closed empty. */
function checkPromisesHeld(history: History, log: NodeAnchor): void {
  const nowMs = blockTimeMs(history.chain.stateAt(history.chain.head.number));
  for (const { round, node, receipt, dueMs } of log.promises) {
    const evidence = history.rounds[round];
    const place = { round, record: `promise in ${log.name}`, by: 'coordinator' } as const;
    if (evidence === undefined) {
      demand(nowMs <= dueMs, place, `the round by ${dueMs}`, `none at ${nowMs}`);
      continue;
    }
    const own = [...evidence.leaves, ...evidence.excluded].find((leaf) => leaf.node === node);
    demandEqual(receipt, own?.receipt ?? 'no leaf', place);
  }
}

/** Receipts in the node's name that its own log does not know: somebody else holds its key. */
function checkOwnReceipts({ rounds }: History, log: NodeAnchor): void {
  if (log.receipts === undefined) return;
  const known = new Set(log.receipts.map(({ round, hash }) => `${round} ${hash}`));
  const seen = [...log.receipts, ...log.headers].map(({ round }) => round);
  const last = seen.reduce((a, b) => Math.max(a, b), -1); // the log may be older than the bundle
  for (const { round, leaves } of rounds.slice(0, last + 1)) {
    const leaf = leaves.find(({ node }) => node === log.node);
    if (leaf === undefined) continue;
    const place = { round, record: `receipt in ${log.name}`, by: `node ${log.node}` } as const;
    const isOwn = known.has(`${round} ${leaf.receipt}`);
    demand(isOwn, place, `the receipt ${leaf.receipt}`, 'none with this hash');
  }
}
