import { ZERO_HASH } from '@tallystick/kernel';
import { type Exclude, ExclusionReason, PROMISE } from '@tallystick/record';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual } from '../findings.js';
import type { History } from '../history.js';
import { coordinatorKey, demandSigned } from './signed-by.js';

const isAccepted = ({ reason }: Exclude): boolean => reason === ExclusionReason.quorum;

/** One promise of the coordinator key for each receipt that it accepted, counted or not. */
export function checkPromises(history: History, evidence: RoundEvidence): void {
  const { round, promises, leaves, excluded, task } = evidence;
  const key = coordinatorKey(history, round);
  const accepted = [...leaves, ...excluded.filter(isAccepted)].toSorted((a, b) => a.node - b.node);
  const record = roundPath(round, 'promises.bin');
  const nodes = promises.map(({ value }) => value.node).join(' ');
  const list = { round, record, by: 'holder of the files' } as const;
  demandEqual(accepted.map(({ node }) => node).join(' '), nodes, list);
  for (const [index, signed] of promises.entries()) {
    const { chain, run, round: number, node, receipt, dueMs } = signed.value;
    const item = { round, record: `promise to node ${node}`, by: 'coordinator' } as const;
    demandSigned(PROMISE, signed, key, { ...item, by: 'holder of the files' });
    demandEqual(history.chain.genesis, chain, item);
    demandEqual(history.runId, run, item);
    demandEqual(round, number, item);
    demandEqual(accepted[index]?.receipt ?? ZERO_HASH, receipt, item);
    const { deadlineMs } = task.value;
    demand(dueMs >= deadlineMs, item, `due at ${deadlineMs} or later`, dueMs);
  }
}
