import { addPayments, type PayoutPolicy } from '@tallystick/payout';
import { payoutOf } from '@tallystick/protocol';
import type { Entitle } from '@tallystick/record';
import { epochPath } from '../bundle/layout.js';
import { demandEqual } from '../findings.js';
import { type PaidRun, rewardsOf } from '../rewards/rewards-of.js';

/** By their numbers on the chain. */
const POLICIES: readonly PayoutPolicy[] = ['weight', 'equal', 'contribution'];

/**
 * V10 without blobs: the entitlements of every settled epoch follow from shares, the payout accounts of the nodes'
 * organisations, and the run's policy, cap and budget, to the unit (protocol.md §6). The epochs are the chain's own, so
 * whoever settled one answers for it; so are the terms by which the chain decides disputes, which must be the spec's. Returns the number of entitlements.
 */
export function checkEntitlements(run: PaidRun): number {
  const { epochs } = run;
  if (epochs.length === 0) return 0;
  checkTerms(run);
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

function checkTerms({ run, spec }: PaidRun): void {
  const { policy, epochRounds, capPpm } = payoutOf(spec);
  const { payout } = run;
  const found = `${POLICIES[payout.policy]} ${payout.epochRounds} ${payout.capPpm}`;
  const place = { record: 'payout of the run on the chain', by: 'coordinator' } as const;
  demandEqual(`${policy} ${epochRounds} ${capPpm}`, found, place);
}

function textOf(leaf: Entitle | undefined): string {
  return leaf === undefined ? 'no leaf' : `${leaf.cumulative} for account ${leaf.account}`;
}
