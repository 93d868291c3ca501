import type { Call } from '@tallystick/chain/testing';
import { type AccountId, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { CONTRIB, sumLeaf, sumProof } from '@tallystick/record';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import { anybody, claimOf, type Paid, type RefusedPay } from './paid-run.js';
import { the } from './pick.js';

type ShareFault = Extract<
  Extract<Call, { readonly name: 'dispute' }>['fault'],
  { readonly kind: 'share' }
>['fault'];

const ABSENT = { kind: 'absent', left: undefined, right: undefined } as const;

/** A dispute about the share of the first payee, who shows all that its nodes did, with these changes. */
function shareDispute(change: (fault: ShareFault, paid: Paid) => Partial<ShareFault>) {
  return (paid: Paid): Call => {
    const { index, leaf, proof } = claimOf(paid, 0);
    const { account, cumulative } = leaf;
    const after = { kind: 'entitled', index, cumulative, proof } as const;
    const shown = paid.rounds.flatMap((evidence) => shownIn(evidence, paid, account));
    const honest = { run: paid.run, epoch: 0, account, before: ABSENT, after, shown };
    const fault = { ...honest, ...change(honest, paid) };
    return { name: 'dispute', fault: { kind: 'share', fault } };
  };
}

function shownIn({ round, leaves }: RoundEvidence, { payee }: Paid, account: AccountId) {
  const nodes = leaves.map((leaf) => ({ hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight }));
  return leaves.flatMap((leaf, index) =>
    payee(leaf.node) === account
      ? [{ round, index, leaf, proof: sumProof(sha256, nodes, index) }]
      : [],
  );
}

const disputes: readonly Omit<RefusedPay, 'by'>[] = [
  {
    name: 'an honest share disputed',
    error: 'FaultNotProven',
    stage: 'settled',
    call: shareDispute(() => ({})),
  },
  {
    name: 'a share disputed with a smaller entitlement than the tree’s',
    error: 'WrongProof',
    stage: 'settled',
    call: shareDispute(({ after }) => {
      return after.kind === 'entitled' ? { after: { ...after, cumulative: 1n } } : {};
    }),
  },
  {
    name: 'a payee said to be missing from the tree',
    error: 'WrongProof',
    stage: 'settled',
    call: shareDispute((_, paid) => ({ after: { ...ABSENT, right: claimOf(paid, 1) } })),
  },
  {
    name: 'a share disputed with a heavier contribution than the round’s',
    error: 'WrongShownLeaf',
    stage: 'settled',
    call: shareDispute(({ shown }) => {
      const [first, ...others] = shown;
      const { leaf, ...place } = the(first);
      return { shown: [{ ...place, leaf: { ...leaf, weight: leaf.weight + 1n } }, ...others] };
    }),
  },
  {
    name: 'a contribution shown twice',
    error: 'WrongShownLeaf',
    stage: 'settled',
    call: shareDispute(({ shown }) => ({ shown: [the(shown[0]), ...shown] })),
  },
  {
    name: 'payees in order, disputed',
    error: 'FaultNotProven',
    stage: 'settled',
    call: (paid) => {
      const [first, second] = [claimOf(paid, 0), claimOf(paid, 1)];
      const fault = { kind: 'entitlementOrder', run: paid.run, epoch: 0, first, second } as const;
      return { name: 'dispute', fault };
    },
  },
  {
    name: 'a share disputed when the epoch is final',
    error: 'EpochIsFinal',
    stage: 'final',
    call: shareDispute(() => ({})),
  },
  {
    name: 'an objection when the epoch is final',
    error: 'EpochIsFinal',
    stage: 'final',
    call: ({ run }) => ({ name: 'object', run, epoch: 0, reason: ZERO_HASH }),
  },
];

/** Disputes and objections about an honest epoch. */
export const REFUSED_DISPUTES: readonly RefusedPay[] = disputes.map((each) => {
  return { ...each, by: anybody };
});
