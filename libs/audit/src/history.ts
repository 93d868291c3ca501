import type { Hash, NodeId, RunId } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { BlobBytes, BlockRef, VoidSpan } from '@tallystick/rounds';
import type { Anchors } from './anchors.js';
import type { BundleFile } from './bundle/manifest.js';
import type { EpochEvidence } from './bundle/epoch-evidence.js';
import type { RoundEvidence } from './bundle/round-evidence.js';
import type { ReadState } from './state/read-state.js';
import type { StoredRun } from './state/stored-run.js';

/** The chain after V1: every block was executed again, so its states are the auditor's own. */
export interface VerifiedChain {
  readonly genesis: Hash;
  readonly head: BlockRef;
  /** Code hashes the blocks were executed with, in order of their first use. */
  readonly runtimes: readonly Hash[];
  /** Undefined above the head. */
  hashOf(block: number): Hash | undefined;
  /** State after `block`; above the head nothing is set. */
  stateAt(block: number): ReadState;
}

/** Blobs of the bundle. What they hold was hashed, so `size` and presence can be trusted before reading. */
export interface Blobs {
  /** Ids that file names claim. */
  readonly names: readonly Hash[];
  /** Size and hash of the bytes under a name; undefined when there is no such file. */
  facts(id: Hash): Pick<BundleFile, 'bytes' | 'sha256'> | undefined;
  /** The bytes. Call only for an id that has facts. */
  read(id: Hash): Promise<Uint8Array>;
  /** Calls `use` with the bytes, to be read in pieces. Call only for an id that has facts. */
  withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T>;
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
  /** Round numbers that do not count, by the chain at the head. */
  readonly voids: readonly VoidSpan[];
  /** Those that count, ascending: all numbers below the run's next one that are not void. */
  readonly rounds: readonly RoundEvidence[];
  /** Settled epochs; each is the one that the chain holds. */
  readonly epochs: readonly EpochEvidence[];
  /** Block that holds the commit of each round that counts, by its number. */
  readonly commits: ReadonlyMap<number, number>;
  readonly anchors: Anchors;
  readonly blobs: Blobs;
  /** Shares of an epoch by its score sheet, where sheets are read. */
  readonly scoresOf?: (epoch: number) => ReadonlyMap<NodeId, bigint> | undefined;
  /** Finds out about a round's signatures before a step asks, where that saves time. */
  readonly verifyAhead?: (history: History, round: RoundEvidence) => Promise<void>;
}

/** The evidence of round `number`; undefined when it is void or not there. */
export function roundOf<T extends Pick<RoundEvidence, 'round'>>(
  rounds: readonly T[],
  number: number,
): T | undefined {
  const direct = rounds[number]; // while nothing is void, numbers are places
  return direct?.round === number ? direct : rounds.find(({ round }) => round === number);
}

/** A step counts what it checked and throws Mismatch at the first thing that does not fit. */
export type Step = (history: History) => number | Promise<number>;
