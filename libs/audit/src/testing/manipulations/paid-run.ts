import type { Call } from '@tallystick/chain/testing';
import type { AccountId, NodeId, Signer } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { entitleClaim, type EntitleClaim } from '@tallystick/payout';
import { type Epoch, EPOCH, signRecord } from '@tallystick/record';
import type { EpochEvidence } from '../../bundle/epoch-evidence.js';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import type { OperatorKeys } from '../fixture/test-keys.js';
import { the } from './pick.js';

/** Where the run stands: its last round is committed · final · the epoch is settled · final · its first payee was paid. */
export const STAGES = ['committed', 'counted', 'settled', 'final', 'claimed'] as const;
export type Stage = (typeof STAGES)[number];

/** What a call is made from. */
export interface Paid {
  readonly run: number;
  readonly epoch: EpochEvidence;
  readonly rounds: readonly RoundEvidence[];
  readonly keys: OperatorKeys;
  /** Payout account of a node. */
  readonly payee: (node: NodeId) => AccountId;
}

/** A call about money that the pallet must refuse. */
export interface RefusedPay {
  /** What is called: unique. */
  readonly name: string;
  /** The pallet's error. */
  readonly error: string;
  readonly stage: Stage;
  readonly call: (paid: Paid) => Call;
  /** Who submits it; the coordinator's account when absent. */
  readonly by?: (keys: OperatorKeys) => Signer;
}

/** Any account that can pay a fee. */
export const anybody = ({ treasury }: OperatorKeys): Signer => treasury;

/** The settlement of the epoch with these changes, signed by the coordinator key unless told. */
export function settle(change: (record: Epoch, paid: Paid) => Partial<Epoch>, signer?: Signer) {
  return (paid: Paid): Call => {
    const { value } = paid.epoch.record;
    const record = { ...value, ...change(value, paid) };
    const { signature } = signRecord(EPOCH, record, signer ?? paid.keys.coordinator);
    return { name: 'settle_epoch', record, signature };
  };
}

/** The claim of the payee with this index. */
export function claimOf({ epoch }: Paid, index: number): EntitleClaim {
  const { account } = the(epoch.entitlements[index]);
  return the(entitleClaim(sha256, epoch.entitlements, account));
}

/** A claim of the first payee with these changes. */
export function claim(
  change: (claim: EntitleClaim, paid: Paid) => Partial<EntitleClaim>,
  epoch = 0,
) {
  return (paid: Paid): Call => {
    const honest = claimOf(paid, 0);
    return { name: 'claim', run: paid.run, epoch, ...honest, ...change(honest, paid) };
  };
}
