import type { Hash, NodeId, OrganisationId, PublicKey, RunId } from '@tallystick/kernel';
import type { RunConsents } from '../consent.js';

/** A finalised block. */
export interface BlockRef {
  readonly number: number;
  readonly hash: Hash;
}

/** A node that may take part at some block: admitted, active, in an active organisation. */
export interface EligibleNode {
  readonly node: NodeId;
  readonly organisation: OrganisationId;
  readonly keyEpoch: number;
  readonly key: PublicKey;
  /** Largest numExamples the registrar lets count. */
  readonly cap: bigint;
}

/** What the chain holds of a run. */
export interface AnchoredRun {
  readonly nextRound: number;
  readonly head: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly lastAtBlock: number;
  /** Stopped on the chain: no round is taken until its owner names a coordinator. */
  readonly isHalted: boolean;
}

/** Reads of the chain, always at a finalised block. */
export interface LedgerView {
  /** Genesis block hash: `chain` in every record. */
  genesis(): Promise<Hash>;
  /** The newest finalised block. */
  finalized(): Promise<BlockRef>;
  /** Everyone who may take part, judged at `atBlock`, ascending by node. */
  eligible(atBlock: BlockRef): Promise<readonly EligibleNode[]>;
  /** What the owners of nodes allow in `run`, as it stood after `atBlock`. */
  consents(run: RunId, atBlock: BlockRef): Promise<RunConsents>;
  /** The run as anchored in the newest finalised block; undefined when the chain does not know it. */
  anchored(run: RunId): Promise<AnchoredRun | undefined>;
  /** The finalised block that holds the commit of a round; undefined while there is none. */
  committedIn(run: RunId, round: number): Promise<BlockRef | undefined>;
}
