import {
  type Ed25519,
  isTallyError,
  type Logger,
  type RunId,
  type Signer,
} from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { RoundLedger } from '@tallystick/chain';
import { InProcessFolderFactory } from '@tallystick/compute';
import type { FolderFactory, NodeLink, RoundJournal, RunPlan } from '@tallystick/rounds';
import { NO_CRASH } from '../../crash-points.js';
import { NodeSession, type NodeSessionDeps } from '../../fleet/node-session.js';
import { Sessions } from '../../fleet/sessions.js';
import { UploadSlots } from '../../fleet/upload-slots.js';
import { WsNodeLink } from '../../fleet/ws-node-link.js';
import { type Duty, Leader } from '../../leader.js';
import { CommitPublisher } from '../../ledger/commit-publisher.js';
import { LedgerDuty } from '../../ledger/ledger-duty.js';
import type { Fence } from '../../persistence/fence.js';
import type { Outbox } from '../../persistence/outbox-rows.js';
import { Readiness } from '../../readiness.js';
import { RoundDirectory } from '../../rounds/round-directory.js';
import { RunService } from '../../runs/run-service.js';
import { Wake } from '../../wake.js';
import type { Phase } from './faults.js';
import type { Sim } from './sim.js';
import type { SimDatabase } from './sim-database.js';
import type { SimBlobStore } from './sim-disk.js';
import { LEASE_MS } from './sim-leases.js';
import { SimConnection } from './sim-network.js';
import type { SimNode } from './sim-node.js';
import type { SimProcess } from './sim-process.js';
import { SimSpooler } from './sim-spooler.js';

/** The ports of one life, and what a mutant may put in their place. */
export interface CoordinatorPorts {
  readonly plan: RunPlan;
  readonly journal: { under(fence: Fence): RoundJournal };
  readonly outbox: { under(fence: Fence): Outbox };
  readonly folders: FolderFactory;
  readonly blobs: SimBlobStore;
  readonly ledger: RoundLedger;
  readonly link: NodeLink;
}

export interface LifeParts {
  readonly sim: Sim;
  readonly process: SimProcess;
  readonly database: SimDatabase;
  readonly blobs: SimBlobStore;
  readonly ledger: RoundLedger;
  readonly plan: RunPlan;
  readonly signer: Signer;
  readonly ed25519: Ed25519;
  readonly mutate: (ports: CoordinatorPorts) => CoordinatorPorts;
}

const NO_GAUGE = { set: (): void => undefined };

/** What runs between a start and a crash: the coordinator's own parts over simulated ports. */
export class CoordinatorLife {
  readonly blobs: SimBlobStore;
  readonly #parts: LifeParts;
  readonly #ports: CoordinatorPorts;
  readonly #leader: Leader;
  readonly #duties: readonly Duty[];
  readonly #readiness = new Readiness();
  readonly #sessions = new Sessions();
  readonly #directory = new RoundDirectory();
  readonly #sessionDeps: NodeSessionDeps;
  readonly #connections = new Map<SimConnection, NodeSession>();
  readonly #logger: Logger;

  constructor(parts: LifeParts) {
    const { plan, blobs, ledger, process, database } = parts;
    const wake = new Wake(process.clock);
    this.#parts = parts;
    this.#logger = {
      ...{ debug() {}, info() {}, warn() {} },
      error: (event, fields) => this.#wrong(event, fields),
    };
    this.#ports = parts.mutate({
      ...{ plan, blobs, ledger },
      journal: database.journal(process, () => wake.set()),
      outbox: database.outbox(process),
      folders: new InProcessFolderFactory({ blobs, sha256, chunkPositions: 1_024 }),
      link: new WsNodeLink(this.#sessions, this.#logger),
    });
    this.blobs = this.#ports.blobs;
    this.#sessionDeps = this.#makeSessionDeps();
    this.#leader = new Leader({
      lease: database.leases.of(process),
      ttlMs: LEASE_MS,
      ...{ readiness: this.#readiness, clock: process.clock, logger: this.#logger },
    });
    const runs = this.#runService();
    this.#duties = [
      this.#watched(this.#ledgerDuty(wake, (run) => runs.voided(run))),
      runs,
      this.#fleet(),
    ];
  }

  /** Rejects when it cannot take its duties up in the first term. */
  run(): Promise<void> {
    return this.#leader.start(this.#duties);
  }

  get leads(): boolean {
    return this.#leader.leads;
  }

  /** Where it stands, if it leads. */
  phases(): readonly Phase[] {
    if (!this.leads) return [];
    const phase = this.#directory.find(this.#ports.plan.run)?.status().phase;
    if (phase === 'aggregating') return ['aggregating'];
    if (phase !== 'collecting') return ['opening'];
    const isUploading = [...this.#connections].some(
      ([connection, { work }]) => connection.isUploading || work === 'upload',
    );
    return isUploading ? ['collecting', 'uploading'] : ['collecting'];
  }

  /** Undefined unless it leads. */
  accept(node: SimNode): SimConnection | undefined {
    if (!this.leads) return undefined;
    const { sim, process } = this.#parts;
    sim.trace.add(`node ${node.id} connects`);
    const connection = new SimConnection(sim, `node ${node.id}`);
    const wire = {
      send: (bytes: Uint8Array) => connection.send('node', { kind: 'frame', bytes }),
      close: () => connection.break(),
      pause: () => undefined,
      resume: () => undefined,
    };
    const session = new NodeSession(node.id, wire, this.#sessionDeps);
    connection.attach('coordinator', {
      receive: ({ bytes }) => process.awake(() => session.receive(bytes)),
      closed: () => process.awake(() => this.#left(connection, session)),
    });
    this.#connections.set(connection, session);
    this.#sessions.enter(session);
    this.#directory.joined(node.id);
    return connection;
  }

  breakConnections(): void {
    for (const connection of this.#connections.keys()) connection.break();
  }

  #left(connection: SimConnection, session: NodeSession): void {
    this.#connections.delete(connection);
    this.#sessions.leave(session);
    void session.end();
  }

  #ledgerDuty(wake: Wake, voided: (run: RunId) => void): LedgerDuty {
    const { process, database, signer, plan } = this.#parts;
    const { outbox, ledger } = this.#ports;
    const { clock } = process;
    const ports = { ledger, sha256, logger: this.#logger };
    const readiness = this.#readiness;
    const rest = { crash: NO_CRASH, backlog: NO_GAUGE };
    const deps = { ...ports, signer, wake, clock, readiness, ...rest };
    const epochs = { step: () => Promise.resolve(false) };
    return new LedgerDuty({
      ...ports,
      claims: database.leases.claims(process),
      runs: database.runs.rows(process, plan),
      voids: database.voids(process),
      outbox,
      publisher: (under) => new CommitPublisher({ ...deps, epochs, outbox: under }),
      readiness,
      clock,
      voided,
      onFenced: () => this.#leader.doubt(),
    });
  }

  #runService(): RunService {
    const { process, database, signer, ed25519 } = this.#parts;
    const { plan, journal, folders, ledger, link } = this.#ports;
    return new RunService({
      orphans: { find: () => Promise.resolve([]) },
      ...{ journal, folders, ledger, link, signer, sha256, ed25519 },
      ...{ clock: process.clock, logger: this.#logger, directory: this.#directory },
      rows: database.runs.rows(process, plan),
      claims: database.leases.claims(process),
      onFenced: () => this.#leader.doubt(),
      gauge: NO_GAUGE,
      maxPlaying: 1,
    });
  }

  /** As app.module.ts has it: whoever leads no longer sends its nodes away. */
  #fleet(): Duty {
    const none = (): Promise<void> => Promise.resolve();
    const stop = async (): Promise<void> => {
      for (const session of this.#sessions.all()) session.fail(this.#leader.standby());
    };
    return { name: 'fleet', start: none, stop };
  }

  /** Database and chain must never be found apart. */
  #watched(duty: Duty): Duty {
    const start = async (epoch: number): Promise<void> => {
      try {
        await duty.start(epoch);
      } catch (error) {
        if (isTallyError(error, 'LEDGER_CONFLICT')) {
          this.#parts.sim.watch.fail('one-commit', `at start: ${error.message}`);
        }
        throw error;
      }
    };
    return { name: duty.name, start, stop: () => duty.stop() };
  }

  #wrong(event: string, fields: unknown): void {
    const { sim } = this.#parts;
    sim.trace.add(`error ${event} ${JSON.stringify(fields)}`);
    if (event === 'ledger.halted') sim.watch.fail('one-commit', 'the publisher gave up');
  }

  #makeSessionDeps(): NodeSessionDeps {
    return {
      folder: 'spool',
      spooler: new SimSpooler(this.blobs),
      slots: new UploadSlots(2),
      blobs: this.blobs,
      clock: this.#parts.process.clock,
      crash: NO_CRASH,
      runs: this.#directory,
      evaluations: { report: () => Promise.resolve() },
      strikes: { add: () => Promise.resolve() },
      metrics: { verdict: () => undefined, received: () => undefined },
      logger: this.#logger,
    };
  }
}
