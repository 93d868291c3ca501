import type { Clock, Ed25519, Hash, Logger, RunId, Sha256, Signer } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type {
  FolderFactory,
  LedgerView,
  NodeLink,
  RoundJournal,
  RoundTrace,
} from './ports/index.js';

/** What a run is: fixed before its first round. */
export interface RunPlan {
  /** Genesis block hash. */
  readonly chain: Hash;
  readonly run: RunId;
  readonly spec: RunSpec;
  readonly specHash: Hash;
  readonly genesisModel: Hash;
}

/** The ports a run is played on. */
export interface RunDeps {
  readonly journal: RoundJournal;
  readonly folders: FolderFactory;
  readonly ledger: LedgerView;
  readonly link: NodeLink;
  /** The coordinator key: tasks, promises, headers. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Watches the steps of every round. */
  readonly trace?: RoundTrace | undefined;
}
