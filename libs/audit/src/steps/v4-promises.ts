import { ZERO_HASH } from '@tallystick/kernel';
import { type Exclude, ExclusionReason, PROMISE } from '@tallystick/record';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual } from '../findings.js';
import type { History } from '../history.js';
import { coordinatorKey, demandSigned } from './signed-by.js';

const REASONS: ReadonlySet<number> = new Set(Object.values(ExclusionReason));
/** Nothing that could be counted arrived. */
const WITHOUT_RECEIPT: ReadonlySet<number> = new Set([
  ExclusionReason.silent,
  ExclusionReason.declined,
]);
/** A receipt arrived and is named. */
const WITH_RECEIPT: ReadonlySet<number> = new Set([
  ExclusionReason.malformed,
  ExclusionReason.outOfRange,
  ExclusionReason.badSignature,
  ExclusionReason.quorum,
]);

/** Each exclusion has a known reason, and a receipt where the reason says that one arrived. */
export function checkExclusions({ round, excluded, leaves }: RoundEvidence): void {
  for (const { node, receipt, reason } of excluded) {
    const record = `exclusion of node ${node}`;
    const place = { round, record, by: 'coordinator' } as const;
    demand(REASONS.has(reason), place, 'a reason of the protocol', reason);
    if (WITHOUT_RECEIPT.has(reason)) demandEqual(ZERO_HASH, receipt, place);
    if (WITH_RECEIPT.has(reason)) demand(receipt !== ZERO_HASH, place, 'a receipt', 'none');
    const isQuorum = reason === ExclusionReason.quorum;
    const rule = 'this reason only in a round that closed empty';
    demand(!isQuorum || leaves.length === 0, place, rule, 'it in a round that counts');
  }
}

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
