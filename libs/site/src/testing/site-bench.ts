import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asOrganisationId } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import type { Header } from '@tallystick/record';
import { modeOf, type Offer, type RoundResult, type VoidSpan } from '@tallystick/rounds';
import type { AnchoredHeader } from '../agent/anchor-watch.js';
import type { SiteAgentDeps, SiteIdentity } from '../agent/agent-context.js';
import { SiteAgent } from '../agent/site-agent.js';
import type { Answer } from '../agent/task-desk.js';
import { parseSiteConfig } from '../config/config-file.js';
import { saltSecret } from '../keystore.js';
import type { EvidenceFile } from '../evidence/evidence-file.js';
import { LogLine, parseLine } from '../log/log-line.js';
import { ReceiptLog } from '../log/receipt-log.js';
import { nodeSigner, TEST_CHAIN, TestCoordinator } from './test-coordinator.js';
import { FakeTrainer, type TestSpec, testModel, testSpec, TestSource } from './test-run.js';

const NODE_YAML = `
name: budapest
organisation: budapest
coordinator: http://127.0.0.1:7700
datasets: { heart: heart.csv }
policy: { purposes: [DUO:0000007], minCohort: 3 }
`;

export interface BenchOptions {
  readonly run?: TestSpec;
  readonly yaml?: (text: string) => string;
}

/** What the people of a site can do and see. */
export type BenchExtra = Pick<SiteAgentDeps, 'intake' | 'onTask'>;

/** One site (node 1) with everything around it, in a folder of its own. */
export class SiteBench {
  readonly run: TestSpec;
  readonly coordinator: TestCoordinator;
  readonly source: TestSource;
  readonly trainer = new FakeTrainer();
  readonly logger = new MemoryLogger();
  readonly clock = new VirtualClock();
  readonly identity: SiteIdentity;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly folder: string;
  /** Faults that were handed on. */
  readonly kept: EvidenceFile[] = [];
  /** What the site's own chain says, when it knows one. */
  chainVoids: readonly VoidSpan[] = [];
  readonly #yaml: string;
  #chain: Map<number, AnchoredHeader> | undefined;
  #extra: BenchExtra = {};
  #agent: SiteAgent | undefined;
  #log: ReceiptLog | undefined;

  private constructor(folder: string, options: BenchOptions) {
    this.folder = folder;
    this.run = options.run ?? testSpec();
    this.#yaml = (options.yaml ?? ((text) => text))(NODE_YAML);
    this.coordinator = new TestCoordinator({ spec: this.run.id, model: this.run.model.id });
    this.source = new TestSource(this.run);
    this.identity = {
      chain: TEST_CHAIN,
      node: asNodeId(1),
      keyEpoch: 0,
      coordinatorKey: this.coordinator.signer.key,
    };
  }

  static async start(options: BenchOptions = {}): Promise<SiteBench> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-site-'));
    const bench = new SiteBench(folder, options);
    await bench.restart();
    return bench;
  }

  get agent(): SiteAgent {
    if (this.#agent === undefined) throw new Error('the site is closed');
    return this.#agent;
  }

  get log(): ReceiptLog {
    if (this.#log === undefined) throw new Error('the site is closed');
    return this.#log;
  }

  /** A new process on the same folder; `extra` stays for those that follow. */
  async restart(extra: BenchExtra = {}): Promise<void> {
    this.#extra = { ...this.#extra, ...extra };
    await this.#log?.close();
    this.#log = await ReceiptLog.open(join(this.folder, 'receipts.log'));
    const signer = nodeSigner(1);
    const chain = this.#chain;
    if (this.#log.identity === undefined) {
      const organisation = asOrganisationId(1);
      await this.#log.append({ type: 'identity', ...this.identity, key: signer.key, organisation });
    }
    this.#agent = new SiteAgent(this.identity, {
      config: parseSiteConfig(this.#yaml),
      folder: this.folder,
      signer,
      log: this.#log,
      trainer: this.trainer,
      source: this.source,
      sha256,
      ed25519,
      clock: this.clock,
      logger: this.logger,
      secret: saltSecret(signer),
      onEvidence: (file) => this.kept.push(file),
      ...this.#extra,
      ...(chain && {
        chain: {
          round: (_run, round) => Promise.resolve(chain.get(round)),
          voids: () => Promise.resolve(this.chainVoids),
          coordinatorKeys: () => Promise.resolve([]),
        },
      }),
    });
  }

  /** A new process that knows a chain: its rounds by number. */
  async joinChain(): Promise<Map<number, AnchoredHeader>> {
    this.#chain = new Map();
    await this.restart();
    return this.#chain;
  }

  /** Closes a round with a new model, which the source then has; the next offer continues it. */
  finish(
    offer: Offer,
    receipts: readonly string[] = [],
    changes: Partial<Header> = {},
  ): RoundResult {
    const { round } = offer.task.task;
    const model = testModel(this.run, round + 1);
    this.source.models.set(model.id, model.bytes);
    const mode = modeOf(this.run.spec);
    const options = {
      node: this.identity.node,
      changes: { modelAfter: model.id, mode, ...changes },
    };
    const result = this.coordinator.close(offer, receipts, options);
    this.coordinator.advance(result);
    return result;
  }

  /** Rounds that close without this site. */
  play(rounds: number): void {
    for (let round = 0; round < rounds; round++) this.finish(this.coordinator.offer());
  }

  /** The rounds from `from` on do not count any more; the source says so, and has the headers of the others. */
  voidFrom(from: number): VoidSpan {
    const span = this.coordinator.voidFrom(from);
    this.source.voidsHeld = [...this.source.voidsHeld, span];
    this.source.headersHeld = this.coordinator.headers;
    return span;
  }

  /** Answers and expects an update. */
  async update(offer = this.coordinator.offer()): Promise<Extract<Answer, { kind: 'update' }>> {
    const answer = await this.agent.answer(offer, this.signal);
    if (answer.kind !== 'update') throw new Error(`declined: ${answer.message}`);
    return answer;
  }

  /** Answers and expects a decline. */
  async decline(offer = this.coordinator.offer()): Promise<Extract<Answer, { kind: 'decline' }>> {
    const answer = await this.agent.answer(offer, this.signal);
    if (answer.kind !== 'decline') throw new Error('it was not declined');
    return answer;
  }

  /** The log file as lines. */
  async lines(): Promise<LogLine[]> {
    const text = await readFile(join(this.folder, 'receipts.log'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const parsed = parseLine(line);
        if (!parsed.ok) throw new Error(parsed.reason);
        return parsed.line;
      });
  }

  /** Kinds of the lines after the identity. */
  async kinds(): Promise<string[]> {
    return (await this.lines()).slice(1).map(({ type }) => type);
  }

  async evidence(): Promise<Extract<LogLine, { type: 'evidence' }>[]> {
    return (await this.lines()).filter((line) => line.type === 'evidence');
  }

  async close(): Promise<void> {
    await this.#log?.close();
    await this.remove();
  }

  /** Removes the folder alone, after somebody else took over the log. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
