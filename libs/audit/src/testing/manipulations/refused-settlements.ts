import { ZERO_HASH } from '@tallystick/kernel';
import { keyOf } from '../fixture/test-keys.js';
import { flipped } from '../operator/tampered-bundle.js';
import { anybody, type RefusedPay, settle, type Stage } from './paid-run.js';

type Row = readonly [name: string, error: string, call: RefusedPay['call'], stage?: Stage];

const rows: readonly Row[] = [
  [
    'an epoch settled before its rounds are final',
    'RoundNotFinal',
    settle(() => ({})),
    'committed',
  ],
  ['an epoch of another chain', 'WrongChain', settle(({ chain }) => ({ chain: flipped(chain) }))],
  ['an epoch after the next one', 'WrongEpoch', settle(() => ({ epoch: 1 }))],
  [
    'an epoch that continues another one',
    'WrongEpoch',
    settle(({ prev }) => ({ prev: flipped(prev) })),
  ],
  ['an epoch that leaves a round out', 'WrongEpoch', settle(() => ({ firstRound: 1 }))],
  [
    'an epoch up to a round that nobody committed',
    'WrongLastRound',
    settle(({ lastRound: last }) => ({ lastRound: last + 1 })),
  ],
  [
    'an epoch that ends at another header',
    'WrongLastRound',
    settle(({ lastHeader }) => ({ lastHeader: flipped(lastHeader) })),
  ],
  [
    'an epoch that pays more than its budget',
    'WrongTotal',
    settle(({ total }) => ({ total: total + 1n })),
  ],
  [
    'an epoch that pays less than its budget',
    'WrongTotal',
    settle(({ total }) => ({ total: total - 1n })),
  ],
  [
    'an epoch that pays, and nobody',
    'WrongEntitleRoot',
    settle(() => ({ entitleRoot: ZERO_HASH, accounts: 0 })),
  ],
  ['an epoch signed by another key', 'BadSignature', settle(() => ({}), keyOf('nobody'))],
  ['an epoch settled twice', 'WrongEpoch', settle(() => ({})), 'settled'],
];

const others: readonly RefusedPay[] = [
  {
    name: 'an epoch settled by another account before its time',
    error: 'SettlesTooEarly',
    stage: 'counted',
    call: settle(() => ({})),
    by: anybody,
  },
  {
    name: 'an objection resolved by the coordinator',
    error: 'NotRegistrar',
    stage: 'settled',
    call: ({ run }) => ({ name: 'resolve', run, epoch: 0, upheld: false }),
  },
  {
    name: 'the rest of the pot to another account',
    error: 'NotRunOwner',
    stage: 'final',
    call: ({ run }) => ({ name: 'close_run', run }),
  },
  {
    name: 'the rest of the pot while an epoch can be disputed',
    error: 'EpochsPending',
    stage: 'settled',
    call: ({ run }) => ({ name: 'close_run', run }),
    by: anybody,
  },
];

/** Settlements and refunds, by the coordinator with its real keys unless told. */
export const REFUSED_SETTLEMENTS: readonly RefusedPay[] = [
  ...rows.map(([name, error, call, stage = 'counted']) => ({ name, error, call, stage })),
  ...others,
];
