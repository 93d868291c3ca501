import type { NodeId, PublicKey } from '@tallystick/kernel';
import type { AnchoredRun, Consent } from '@tallystick/rounds';
import type { DemandAnswer, OpenDemand } from './demand-ledger.js';
import type { AnchoredEpoch, ChainRun } from './pay-ledger.js';
import type { AnchoredRound, NewRun } from './round-ledger.js';

/** A run of the ledger in memory. */
export interface MemoryRun {
  readonly created: NewRun;
  key: PublicKey | undefined;
  anchored: AnchoredRun;
  readonly rounds: Map<number, AnchoredRound>;
  readonly consents: Map<NodeId, Consent>;
  readonly epochs: AnchoredEpoch[];
  readonly demands: OpenDemand[];
  readonly answers: DemandAnswer[];
  money: Pick<ChainRun, 'allotted' | 'paid' | 'epochHead' | 'settledRounds'>;
  isClosed: boolean;
}
