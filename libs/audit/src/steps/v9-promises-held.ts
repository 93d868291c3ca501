import { isVoid } from '@tallystick/rounds';
import type { NodeAnchor } from '../anchors.js';
import { demand, demandEqual } from '../findings.js';
import { type History, roundOf } from '../history.js';
import { blockTimeMs } from '../state/chain-facts.js';

/** A promise is kept when its receipt is a leaf of the round, counted or in a round that closed empty. */
export function checkPromisesHeld(history: History, log: NodeAnchor): void {
  const nowMs = blockTimeMs(history.chain.stateAt(history.chain.head.number));
  for (const { round, node, receipt, dueMs } of log.promises) {
    if (isVoid(history.voids, round)) continue; // its promises fall with it
    const evidence = roundOf(history.rounds, round);
    const place = { round, record: `promise in ${log.name}`, by: 'coordinator' } as const;
    if (evidence === undefined) {
      demand(nowMs <= dueMs, place, `the round by ${dueMs}`, `none at ${nowMs}`);
      continue;
    }
    const own = [...evidence.leaves, ...evidence.excluded].find((leaf) => leaf.node === node);
    demandEqual(receipt, own?.receipt ?? 'no leaf', place);
  }
}
