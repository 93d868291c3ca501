import { addPayments } from '@tallystick/payout';
import { payoutOf } from '@tallystick/protocol';
import type { Entitle } from '@tallystick/record';
import { epochPath } from '../bundle/layout.js';
import { demandEqual } from '../findings.js';
import type { History } from '../history.js';
import { type PaidRun, rewardsOf } from '../rewards/preview-rewards.js';
import { checkSheet } from './score-sheets.js';

/**
 * V10: the scores of every settled epoch of a run that pays by contribution follow from updates and published
 * measurements, and its entitlements from shares, accounts, policy, cap and budget, to the unit (protocol.md §6). The
 * epochs are the chain's own, so whoever settled one answers for it. Returns the number of entitlements.
 */
export async function checkPayouts(history: History): Promise<number> {
  if (payoutOf(history.spec).policy === 'contribution') {
    for (const epoch of history.epochs.keys()) await checkSheet(history, epoch);
  }
  return checkEntitlements(history);
}

/** The part of V10 that needs no blobs. */
export function checkEntitlements(run: PaidRun): number {
  const { epochs } = run;
  if (epochs.length === 0) return 0;
  const by = 'coordinator';
  const settled = rewardsOf(run).epochs;
  let rule: readonly Entitle[] = [];
  for (const [epoch, { entitlements }] of epochs.entries()) {
    const record = epochPath(epoch, 'entitlements.bin');
    rule = addPayments(rule, settled[epoch]?.payments ?? []);
    const count = Math.max(rule.length, entitlements.length);
    for (let i = 0; i < count; i++) {
      const place = { record: `${record} leaf ${i}`, by } as const;
      demandEqual(textOf(rule[i]), textOf(entitlements[i]), place);
    }
  }
  return epochs.reduce((sum, { entitlements }) => sum + entitlements.length, 0);
}

function textOf(leaf: Entitle | undefined): string {
  return leaf === undefined ? 'no leaf' : `${leaf.cumulative} for account ${leaf.account}`;
}
