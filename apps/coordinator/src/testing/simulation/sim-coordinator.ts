import { type Hash, isTallyError, type Logger, type Signer } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { RoundLedger } from '@tallystick/chain';
import { InProcessFolderFactory } from '@tallystick/compute';
import {
  type FolderFactory,
  type NodeLink,
  type RoundJournal,
  RunLoop,
  type RunOutcome,
  type RunPlan,
} from '@tallystick/rounds';
import { NO_CRASH } from '../../crash-points.js';
import { NodeSession, type NodeSessionDeps } from '../../fleet/node-session.js';
import { Sessions } from '../../fleet/sessions.js';
import { UploadSlots } from '../../fleet/upload-slots.js';
import { WsNodeLink } from '../../fleet/ws-node-link.js';
import { CommitPublisher } from '../../ledger/commit-publisher.js';
import { reconcile } from '../../ledger/reconcile.js';
import type { Outbox } from '../../persistence/outbox-rows.js';
import { RoundDirectory } from '../../rounds/round-directory.js';
import { Wake } from '../../wake.js';
import type { Phase } from './faults.js';
import type { Sim } from './sim.js';
import type { SimChain } from './sim-chain.js';
import type { SimDatabase } from './sim-database.js';
import { SimBlobStore, SimDisk } from './sim-disk.js';
import type { SimKeys } from './sim-keys.js';
import { SimConnection } from './sim-network.js';
import type { SimNode } from './sim-node.js';
import { SimProcess } from './sim-process.js';
import { type Reach, rpcOf } from './sim-rpc.js';
import type { Skew } from './skew.js';

/** The ports of one life, and what a mutant may put in their place. */
export interface CoordinatorPorts {
  readonly plan: RunPlan;
  readonly journal: RoundJournal;
  readonly outbox: Outbox;
  readonly folders: FolderFactory;
  readonly blobs: SimBlobStore;
  readonly ledger: RoundLedger;
  readonly publishingLedger: RoundLedger;
  readonly link: NodeLink;
}

export interface CoordinatorParts {
  readonly sim: Sim;
  readonly plan: RunPlan;
  readonly signer: Signer;
  readonly keys: SimKeys;
  readonly database: SimDatabase;
  readonly chain: SimChain;
  readonly reach: Reach;
  readonly skew: Skew;
  /** For the mutants: its disk syncs nothing. */
  readonly skipsSync: boolean;
  readonly mutate: (ports: CoordinatorPorts) => CoordinatorPorts;
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const RETRY_MS = 1_000;
const CRASHES = 6;

/** The coordinator's machine: a process that dies and starts again, over a disk that stays. */
export class SimCoordinator {
  readonly disk: SimDisk;
  outcome: RunOutcome | undefined;
  readonly #parts: CoordinatorParts;
  #life: Life | undefined;
  #crashes = 0;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    this.disk = new SimDisk(parts.sim, parts.skipsSync);
  }

  start(): void {
    const { sim, skew } = this.#parts;
    sim.trace.add('coordinator starts');
    const process = new SimProcess(sim.clock, () => skew.aheadMs);
    process.ambient = (ms) => this.#ambient(process, ms);
    const life = new Life(this.#parts, process, this.disk);
    this.#life = life;
    void life.run().then((outcome) => {
      sim.trace.add(`outcome ${outcome.status} ${outcome.model}`);
      this.outcome = outcome;
    });
  }

  /** Where it stands; nothing while it is down. */
  phases(): readonly Phase[] {
    const { watch } = this.#parts.sim;
    const behind: readonly Phase[] =
      watch.committedRounds < watch.closedRounds ? ['anchoring'] : [];
    const life = this.#life;
    return life === undefined ? behind : [...life.phases(), ...behind];
  }

  connect(node: SimNode): SimConnection | undefined {
    return this.#life?.accept(node);
  }

  async download(owner: SimProcess, model: Hash): Promise<Uint8Array> {
    const life = this.#life;
    if (life === undefined) throw new Error('nobody answers');
    const bytes = await owner.later(this.#parts.sim.random.between(2, 50), () =>
      life.blobs.get(model),
    );
    if (sha256(bytes) !== model) throw new Error('another model');
    return bytes;
  }

  #ambient(process: SimProcess, ms: number): void {
    const { sim, skew, chain, reach } = this.#parts;
    const { faults, random, clock } = sim;
    if (faults.strikes('chain.unreachable')) reach.cut(clock.nowMs(), random.between(500, 15_000));
    if (faults.strikes('chain.stalled')) chain.stall(random.between(5_000, 60_000));
    if (chain.hasPooled && faults.strikes('chain.dropped')) chain.dropPool();
    if (chain.isTicking && chain.hasPooled && faults.strikes('chain.starved')) chain.starvePool();
    if (faults.strikes('clock.forward')) skew.jump(random.between(100, 20_000));
    if (faults.strikes('clock.backward')) skew.jump(-random.between(100, 20_000));
    if (this.#crashes >= CRASHES || !faults.strikes('coordinator.crash')) return;
    clock.after(random.between(0, ms), () => this.#crash(process));
  }

  #crash(process: SimProcess): void {
    const { sim, database } = this.#parts;
    if (!process.isAlive) return;
    this.#crashes++;
    const lingersMs = sim.faults.strikes('publisher.doubled') ? sim.random.between(500, 6_000) : 0;
    sim.trace.add('coordinator crashes');
    const life = this.#life;
    this.#life = undefined;
    process.kill();
    this.disk.crash();
    life?.breakConnections();
    database.cutLeader();
    sim.clock.after(lingersMs, () => life?.publishing.kill());
    sim.clock.after(sim.random.between(100, 3_000), () => this.start());
  }
}

/** What runs between a start and a crash. */
class Life {
  readonly blobs: SimBlobStore;
  /** The publisher may outlive the rest for a moment: a process that was cut off and does not know it. */
  readonly publishing: SimProcess;
  readonly #parts: CoordinatorParts;
  readonly #process: SimProcess;
  readonly #ports: CoordinatorPorts;
  readonly #sessions = new Sessions();
  readonly #directory = new RoundDirectory();
  readonly #sessionDeps: NodeSessionDeps;
  readonly #connections = new Set<SimConnection>();
  #loop: RunLoop | undefined;
  #isServing = false;
  #spooling = 0;

  constructor(parts: CoordinatorParts, process: SimProcess, disk: SimDisk) {
    const { sim, plan, database, chain, reach } = parts;
    this.#parts = parts;
    this.#process = process;
    this.publishing = new SimProcess(sim.clock, () => parts.skew.aheadMs);
    this.publishing.ambient = (ms) => process.ambient(ms);
    const blobs = new SimBlobStore(disk, process);
    const ports = {
      ...{ plan, blobs },
      journal: database.journal(process),
      outbox: database.outbox(this.publishing),
      folders: new InProcessFolderFactory({ blobs, sha256, chunkPositions: 1_024 }),
      ledger: rpcOf(sim, { chain, reach }, process),
      publishingLedger: rpcOf(sim, { chain, reach }, this.publishing),
      link: new WsNodeLink(this.#sessions),
    };
    this.#ports = parts.mutate(ports);
    this.blobs = this.#ports.blobs;
    this.#sessionDeps = this.#makeSessionDeps();
  }

  async run(): Promise<RunOutcome> {
    await this.#reconcile();
    void this.#publish();
    const { plan, journal, folders, ledger, link } = this.#ports;
    const { signer, keys } = this.#parts;
    const loop = new RunLoop(plan, {
      ...{ journal, folders, ledger, link },
      ...{ signer, sha256, ed25519: keys.ed25519 },
      ...{ clock: this.#process.clock, logger: SILENT },
    });
    this.#loop = loop;
    this.#directory.add(plan.run, loop);
    this.#isServing = true;
    const outcome = await loop.play(new AbortController().signal);
    this.#directory.retire(plan.run);
    return outcome;
  }

  phases(): readonly Phase[] {
    const phase = this.#loop?.status().phase ?? 'opening';
    if (phase === 'aggregating') return ['aggregating'];
    if (phase !== 'collecting') return ['opening'];
    const isUploading =
      this.#spooling > 0 || [...this.#connections].some((connection) => connection.isUploading);
    return isUploading ? ['collecting', 'uploading'] : ['collecting'];
  }

  /** Undefined until it serves. */
  accept(node: SimNode): SimConnection | undefined {
    if (!this.#isServing) return undefined;
    this.#parts.sim.trace.add(`node ${node.id} connects`);
    const connection = new SimConnection(this.#parts.sim, `node ${node.id}`);
    const session = new NodeSession(
      node.id,
      {
        send: (bytes) => connection.send('node', { kind: 'frame', bytes }),
        close: () => connection.break(),
        pause: () => undefined,
        resume: () => undefined,
      },
      this.#sessionDeps,
    );
    let turn: Promise<void> = Promise.resolve();
    connection.attach('coordinator', {
      receive: ({ kind, bytes }) => {
        if (!this.#process.isAlive) return;
        turn = turn.then(async () => {
          if (!connection.isOpen) return;
          if (kind === 'file') await this.#store(bytes, connection);
          else session.receive(bytes);
        });
      },
      closed: () => {
        if (!this.#process.isAlive) return;
        this.#connections.delete(connection);
        this.#sessions.leave(session);
        void session.end();
      },
    });
    this.#connections.add(connection);
    this.#sessions.enter(session);
    this.#directory.joined(node.id);
    return connection;
  }

  breakConnections(): void {
    for (const connection of this.#connections) connection.break();
  }

  async #store(bytes: Uint8Array, connection: SimConnection): Promise<void> {
    this.#spooling++;
    try {
      await this.blobs.put(bytes);
    } catch {
      connection.break();
    } finally {
      this.#spooling--;
    }
  }

  async #reconcile(): Promise<void> {
    const { plan, outbox, ledger } = this.#ports;
    for (;;) {
      try {
        return await reconcile([plan.run], { outbox, ledger, sha256 });
      } catch (error) {
        if (isTallyError(error) && error.disposition === 'fatal') {
          this.#parts.sim.watch.fail('one-commit', `at start: ${error.message}`);
        }
        await this.#process.sleep(RETRY_MS);
      }
    }
  }

  async #publish(): Promise<void> {
    const { sim, signer, database } = this.#parts;
    const { outbox, publishingLedger: ledger } = this.#ports;
    const { clock } = this.publishing;
    const wake = new Wake(clock);
    database.onClosed = () => wake.set();
    const publisher = new CommitPublisher({
      ...{ outbox, ledger, signer, sha256, wake, clock },
      ...{ logger: SILENT, crash: NO_CRASH, backlog: { set: () => undefined } },
      lead: () => database.lead(this.publishing),
    });
    try {
      await publisher.run(new AbortController().signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      sim.watch.fail('one-commit', `the publisher gave up: ${reason}`);
    }
  }

  #makeSessionDeps(): NodeSessionDeps {
    return {
      folder: 'spool',
      hashes: { hashStream: () => Promise.reject(new Error('files arrive whole here')) },
      slots: new UploadSlots(0, 0), // files come beside the session, so that it never spools one
      blobs: this.blobs,
      clock: this.#process.clock,
      crash: NO_CRASH,
      runs: this.#directory,
      evaluations: { report: () => Promise.resolve() },
      strikes: { add: () => Promise.resolve() },
      metrics: { verdict: () => undefined, received: () => undefined },
      logger: SILENT,
    };
  }
}
