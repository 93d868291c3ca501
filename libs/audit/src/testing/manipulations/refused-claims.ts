import { asAccountId } from '@tallystick/kernel';
import { keyOf } from '../fixture/test-keys.js';
import { anybody, claim, claimOf, type RefusedPay } from './paid-run.js';

const THIEF = asAccountId(keyOf('thief').key);

const claims: readonly Omit<RefusedPay, 'by'>[] = [
  {
    name: 'a claim before the epoch is final',
    error: 'EpochNotFinal',
    stage: 'settled',
    call: claim(() => ({})),
  },
  {
    name: 'a claim of an epoch to come',
    error: 'UnknownEpoch',
    stage: 'final',
    call: claim(() => ({}), 1),
  },
  {
    name: 'a claim for another account, with a payee’s proof',
    error: 'WrongProof',
    stage: 'final',
    call: claim(({ leaf }) => ({ leaf: { ...leaf, account: THIEF } })),
  },
  {
    name: 'a claim of one unit more',
    error: 'WrongProof',
    stage: 'final',
    call: claim(({ leaf }) => ({ leaf: { ...leaf, cumulative: leaf.cumulative + 1n } })),
  },
  {
    name: 'a claim in another payee’s place',
    error: 'WrongProof',
    stage: 'final',
    call: claim(() => ({ index: 1 })),
  },
  {
    name: 'a claim with another payee’s proof',
    error: 'WrongProof',
    stage: 'final',
    call: claim((_, paid) => ({ proof: claimOf(paid, 1).proof })),
  },
  {
    name: 'a claim twice in one call',
    error: 'NothingToClaim',
    stage: 'final',
    call: (paid) => {
      const twice = [claimOf(paid, 0), claimOf(paid, 0)];
      return { name: 'claim_many', run: paid.run, epoch: 0, claims: twice };
    },
  },
  { name: 'a claim replayed', error: 'NothingToClaim', stage: 'claimed', call: claim(() => ({})) },
  {
    name: 'a claim replayed behind an honest one',
    error: 'NothingToClaim',
    stage: 'claimed',
    call: (paid) => {
      const both = [claimOf(paid, 1), claimOf(paid, 0)];
      return { name: 'claim_many', run: paid.run, epoch: 0, claims: both };
    },
  },
];

/** Claims by somebody who is owed less, nothing, or not yet. */
export const REFUSED_CLAIMS: readonly RefusedPay[] = claims.map((each) => {
  return { ...each, by: anybody };
});
