import type {
  Clock,
  Ed25519,
  Hash,
  Logger,
  NodeId,
  RunId,
  SerialQueue,
  Sha256,
  Signer,
} from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { RoundTrace } from '@tallystick/rounds';
import type { Trainer } from '@tallystick/training';
import type { SiteConfig } from '../config/node-config.js';
import type { Intake } from '../intake/intake.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import type { StateKeeper } from '../state/state-keeper.js';
import type { EvidenceFile } from '../evidence/evidence-file.js';
import type { TaskChange } from '../tasks/task-change.js';
import type { UpdateFiles } from '../update-files.js';
import type { ChainView } from './anchor-watch.js';
import type { FaultDesk } from './fault-desk.js';
import type { HeaderKeeper } from './header-keeper.js';
import type { PinnedKeys } from './pinned-key.js';
import { fetchSpec, type RunSource } from './run-source.js';

/** Who a site is and whom it listens to; the newest identity line of its log. */
export interface SiteIdentity extends PinnedKeys {
  /** Genesis block hash. */
  readonly chain: Hash;
  readonly node: NodeId;
  readonly keyEpoch: number;
}

/** Where a site's work on a round stands. */
export interface SiteProgress {
  readonly run: RunId;
  readonly round: number;
  readonly stage: 'download' | 'train' | 'encode';
}

export interface SiteAgentDeps {
  readonly config: SiteConfig;
  /** Folder of node.yaml; updates lie in `<folder>/updates`, what is carried between rounds in `states`. */
  readonly folder: string;
  /** The node key. */
  readonly signer: Signer;
  readonly log: ReceiptLog;
  readonly trainer: Trainer;
  /** Watches the training of each task. */
  readonly trace?: RoundTrace | undefined;
  readonly source: RunSource;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Behind the salts of receipts; see `saltSecret`. */
  readonly secret: Uint8Array;
  /** False: updates and states are not synced to disk, for simulations. Default true. */
  readonly durable?: boolean;
  /** The chain as this site reaches it itself; without it headers are not compared with those on the chain. */
  readonly chain?: ChainView;
  /** Hears of every fault that was kept. */
  readonly onEvidence?: (file: EvidenceFile, path: string) => void;
  readonly onProgress?: (progress: SiteProgress) => void;
  /** Hears of everything that becomes of a task, its progress too. */
  readonly onTask?: (change: TaskChange) => void;
  /** Whether the people of this site take tasks; without it, always. */
  readonly intake?: Pick<Intake, 'state' | 'stopped' | 'refusal'>;
}

/** What the parts of one agent share. */
export interface AgentContext {
  readonly identity: SiteIdentity;
  readonly deps: SiteAgentDeps;
  readonly headers: HeaderKeeper;
  readonly updates: UpdateFiles;
  readonly states: StateKeeper;
  readonly specs: SpecCache;
  readonly faults: FaultDesk;
  /** Admission of tasks and of results, one after another: both extend the header chain. */
  readonly admission: SerialQueue;
}

const MAX_SPECS = 64;

/** Run specs by hash, so that a round does not fetch its spec again. */
export class SpecCache {
  readonly #specs = new Map<Hash, RunSpec>();
  readonly #source: RunSource;
  readonly #sha256: Sha256;

  constructor(source: RunSource, sha256: Sha256) {
    this.#source = source;
    this.#sha256 = sha256;
  }

  async get(id: Hash, signal: AbortSignal): Promise<RunSpec> {
    const held = this.#specs.get(id);
    if (held !== undefined) return held;
    const spec = await fetchSpec(this.#source, this.#sha256, { id, signal });
    for (const oldest of this.#specs.keys()) {
      if (this.#specs.size < MAX_SPECS) break;
      this.#specs.delete(oldest);
    }
    this.#specs.set(id, spec);
    return spec;
  }

  /** Only what is in memory. */
  peek(id: Hash): RunSpec | undefined {
    return this.#specs.get(id);
  }
}
