import type { Hash, RunId } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { BlockRef } from '@tallystick/rounds';
import type { Anchors } from './anchors.js';
import type { RoundEvidence } from './bundle/round-evidence.js';
import type { ReadState, StoredRun } from './chain-state.js';

/** The chain after V1: every block was executed again, so its states are the auditor's own. */
export interface VerifiedChain {
  readonly genesis: Hash;
  readonly head: BlockRef;
  readonly blocks: number;
  /** Undefined above the head. */
  hashOf(block: number): Hash | undefined;
  /** State after `block`; undefined above the head. */
  stateAt(block: number): ReadState | undefined;
}

/** What the steps after V1 work on. */
export interface History {
  readonly runId: RunId;
  readonly chain: VerifiedChain;
  /** The run as stored at the head. */
  readonly run: StoredRun;
  readonly spec: RunSpec;
  readonly specHash: Hash;
  readonly genesisModel: { readonly id: Hash; readonly bytes: Uint8Array };
  readonly rounds: readonly RoundEvidence[];
  readonly anchors: Anchors;
  /** Bytes of a blob of the bundle; undefined when it is not there. */
  readonly blob: (id: Hash) => Promise<Uint8Array | undefined>;
  /** Ids of all blobs the bundle holds. */
  readonly blobIds: readonly Hash[];
}

/** A step counts what it checked and throws Mismatch at the first thing that does not fit. */
export type Step = (history: History) => number | Promise<number>;
