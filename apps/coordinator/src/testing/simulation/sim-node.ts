import { fromHex, type Hash, type NodeId, type Timer, toHex, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  type CoordinatorHead,
  decodeCoordinatorFrame,
  encodeFrame,
  type NodeHead,
} from '@tallystick/protocol';
import {
  CONTRIB,
  DECLINE,
  decodeSigned,
  type Header,
  HEADER,
  PROMISE,
  type Receipt,
  RECEIPT,
  receiptHash,
  recordHash,
  signRecord,
  sumLeaf,
  type Task,
  TASK,
  verifyRecord,
  verifySum,
} from '@tallystick/record';
import { genesisHash } from '@tallystick/rounds';
import { HeldHeaders } from './held-headers.js';
import { NodeLog, type NodeLine } from './node-log.js';
import { SimDisk } from './sim-disk.js';
import type { NodeParts } from './node-parts.js';
import type { SimConnection } from './sim-network.js';
import { SimProcess } from './sim-process.js';
import { train } from './train.js';

const RETRY_MS = 1_000;
/** Without a verdict the node says it all again. */
const SILENCE_MS = 8_000;
const DOWNLOAD_MS = 10_000;
const FRAME_BYTES = 2 ** 20;

type Answered = Extract<NodeLine, { type: 'receipt' | 'decline' }>;

/** A site: its log survives, everything else ends with its process. */
export class SimNode {
  readonly id: NodeId;
  readonly #parts: NodeParts;
  readonly #disk: SimDisk;
  #life: NodeLife | undefined;
  /** How often it has started. */
  starts = 0;

  constructor(parts: NodeParts) {
    this.id = parts.node;
    this.#parts = parts;
    this.#disk = new SimDisk(parts.sim);
  }

  start(): void {
    const { sim } = this.#parts;
    this.starts++;
    sim.trace.add(`node ${this.id} starts`);
    const process = new SimProcess(sim.clock);
    process.ambient = (ms) => {
      if (!sim.faults.strikes('node.crash')) return;
      sim.clock.after(sim.random.between(0, ms), () => this.#crash(process));
    };
    this.#life = new NodeLife(this, this.#parts, process, new NodeLog(this.#disk, process));
    void this.#life.run();
  }

  #crash(process: SimProcess): void {
    const { sim } = this.#parts;
    if (!process.isAlive) return;
    sim.trace.add(`node ${this.id} crashes`);
    process.kill();
    this.#disk.crash(process);
    this.#life?.connection?.break();
    sim.clock.after(sim.random.between(200, 4_000), () => this.start());
  }
}

/** What a node knows between a start and a crash. */
class NodeLife {
  connection: SimConnection | undefined;
  readonly #host: SimNode;
  readonly #parts: NodeParts;
  readonly #process: SimProcess;
  readonly #log: NodeLog;
  readonly #answers = new Map<number, Answered>();
  readonly #held: HeldHeaders;
  /** The round it works on. */
  #working = -1;
  #repeating: Timer | undefined;
  readonly #inFlight = new Set<number>();
  /** Frames are handled one after another. */
  #tail: Promise<void> = Promise.resolve();

  constructor(host: SimNode, parts: NodeParts, process: SimProcess, log: NodeLog) {
    this.#host = host;
    this.#parts = parts;
    this.#process = process;
    this.#log = log;
    const { chain, run, specHash: spec, genesisModel: model } = parts.plan;
    this.#held = new HeldHeaders(genesisHash(sha256, { chain, run, spec, model }));
  }

  async run(): Promise<void> {
    for (;;) {
      try {
        for (const line of await this.#log.load()) this.#remember(line);
        break;
      } catch {
        await this.#process.sleep(RETRY_MS);
      }
    }
    this.#connect();
  }

  #remember(line: NodeLine): void {
    if (line.type === 'header') this.#held.extend(line.round, line.hash);
    else if (line.type === 'voids') this.#held.goBack(line.spans);
    else this.#answers.set(line.round, line);
  }

  /** True when the chain has voided more than it knew. */
  async #learnVoids(): Promise<boolean> {
    const spans = this.#parts.voids();
    if (this.#held.knows(spans)) return false;
    await this.#log.append({ type: 'voids', spans });
    this.#held.goBack(spans);
    return true;
  }

  #connect(): void {
    const connection = this.#parts.connect(this.#host);
    if (connection === undefined) {
      this.#process.clock.after(RETRY_MS, () => this.#connect());
      return;
    }
    this.connection = connection;
    connection.attach('node', {
      receive: ({ bytes }) => {
        if (!this.#process.isAlive || this.connection !== connection) return;
        this.#tail = this.#tail.then(() => this.#handle(bytes)).catch(() => this.#giveUp());
      },
      closed: () => {
        if (!this.#process.isAlive || this.connection !== connection) return;
        this.connection = undefined;
        this.#process.clock.after(this.#parts.sim.random.between(100, RETRY_MS), () =>
          this.#connect(),
        );
      },
    });
  }

  /** A fault of its own (disk, download): the next session offers the task again. */
  #giveUp(): void {
    this.#working = -1;
    this.connection?.break();
  }

  async #handle(bytes: Uint8Array): Promise<void> {
    const decoded = decodeCoordinatorFrame(bytes, FRAME_BYTES);
    if (!decoded.ok) return this.#accuse(`a frame it cannot read: ${decoded.error.message}`);
    const { head } = decoded.frame;
    if (head.kind === 'offer') return this.#offered(head);
    if (head.kind === 'upload.credit') return this.#credited(head);
    if (head.kind === 'verdict') return this.#judged(head);
    if (head.kind === 'result') return this.#concluded(head);
    if (head.kind === 'error') this.#repeatAfter(RETRY_MS);
  }

  async #offered({
    task: wire,
    headers,
  }: Extract<CoordinatorHead, { kind: 'offer' }>): Promise<void> {
    const { value: task, signature } = decodeSigned(TASK, wire);
    const { keys, coordinator } = this.#parts;
    if (!verifyRecord(keys.ed25519, TASK, task, coordinator, signature)) {
      return this.#accuse('a task that its coordinator did not sign');
    }
    for (const header of headers) await this.#keepHeader(header);
    if (task.prev !== this.#held.head.hash && (await this.#learnVoids())) {
      for (const header of headers) await this.#keepHeader(header);
    }
    if (task.round <= this.#held.head.round || this.#held.isVoid(task.round)) return; // a late repetition
    if (task.prev !== this.#held.head.hash)
      return this.#accuse(`task ${task.round} does not continue`);
    const answered = this.#answers.get(task.round);
    if (answered !== undefined) {
      if (answered.task === recordHash(sha256, TASK, task)) return this.#send(answered);
      return this.#accuse(`a second task of round ${task.round}`);
    }
    this.#working = task.round;
    if (this.#inFlight.has(task.round)) return;
    this.#inFlight.add(task.round);
    void this.#work(task)
      .catch(() => this.#giveUp())
      .finally(() => this.#inFlight.delete(task.round));
  }

  async #work(task: Task): Promise<void> {
    const { sim, habits, plan, node } = this.#parts;
    const { random } = sim;
    const model = await this.#download(task.model);
    await this.#process.later(random.between(...habits.trainMs), () => undefined);
    if (this.#working !== task.round || this.#answers.has(task.round)) return;
    const hash = recordHash(sha256, TASK, task);
    if (random.chance(habits.declines)) return this.#decline(task, hash);
    const attempt = habits.isReproducible ? this.#ownSeed() : random.between(0, 1_000_000);
    const update = train(model, { spec: plan.specHash, round: task.round, node, attempt });
    if (random.chance(habits.malformed)) update[0] = 0;
    const receipt = this.#receiptOf(task, hash, { update, attempt });
    sim.watch.oracle.updates.set(receipt.update, update);
    const line = {
      ...{ type: 'receipt' as const, round: task.round, task: hash },
      receipt: toHex(RECEIPT.encode(receipt)),
      update: toHex(update),
    };
    if (this.#parts.signsBeforeDurable === true) this.#send(line);
    await this.#log.append(line);
    this.#answers.set(task.round, line);
    this.#send(line);
  }

  #ownSeed(): number {
    return this.#parts.forgetsSeed === true ? this.#host.starts - 1 : 0;
  }

  #download(model: Hash): Promise<Uint8Array> {
    const late = this.#process.sleep(DOWNLOAD_MS).then(() => {
      throw new Error('the download stands still');
    });
    return Promise.race([this.#parts.download(this.#process, model), late]);
  }

  #receiptOf(task: Task, hash: Hash, made: { update: Uint8Array; attempt: number }): Receipt {
    const { node } = this.#parts;
    return {
      ...{ chain: task.chain, run: task.run, round: task.round, prev: task.prev, task: hash },
      ...{ node, keyEpoch: 0, policy: ZERO_HASH, salt: '00'.repeat(16) },
      update: sha256(made.update),
      updateBytes: BigInt(made.update.length),
      numExamples: BigInt(10 * (node + 1)),
      lossBefore: 700_000_000n,
      lossAfter: 600_000_000n - BigInt(made.attempt),
    };
  }

  async #decline({ chain, run, round }: Task, task: Hash): Promise<void> {
    const decline = { chain, run, round, task, node: this.#parts.node, reason: 4 };
    const line = { type: 'decline' as const, round, task, decline: toHex(DECLINE.encode(decline)) };
    await this.#log.append(line);
    this.#answers.set(round, line);
    this.#send(line);
  }

  /** Signs what is in the log, so that it is the same bytes each time, and sends it. */
  #send(line: Answered): void {
    const { round } = line;
    const { signer, plan } = this.#parts;
    this.#working = round;
    if (line.type === 'decline') {
      const { wire: record } = signRecord(DECLINE, DECLINE.decode(fromHex(line.decline)), signer);
      this.#frame({ kind: 'decline', record, code: 'ENGINE_DIVERGED', message: 'simulated' });
      return;
    }
    const update = fromHex(line.update);
    signRecord(RECEIPT, RECEIPT.decode(fromHex(line.receipt)), signer);
    const at = { run: plan.run, round };
    this.#frame({ kind: 'upload.begin', ...at, update: sha256(update), bytes: update.length });
    this.#repeatAfter(SILENCE_MS);
  }

  /** Says again what has no verdict by then. */
  #repeatAfter(ms: number): void {
    this.#repeating?.cancel();
    this.#repeating = this.#process.clock.after(ms, () => this.#repeat());
  }

  #repeat(): void {
    const answered = this.#answers.get(this.#working);
    if (answered !== undefined && this.#working > this.#held.head.round) this.#send(answered);
  }

  #credited({ round, offset }: Extract<CoordinatorHead, { kind: 'upload.credit' }>): void {
    const line = this.#answers.get(round);
    if (line?.type !== 'receipt') return;
    const { signer, plan } = this.#parts;
    const { wire } = signRecord(RECEIPT, RECEIPT.decode(fromHex(line.receipt)), signer);
    const payload = fromHex(line.update).subarray(offset);
    if (payload.length > 0) {
      const bytes = encodeFrame({ kind: 'upload.chunk', run: plan.run, round, offset }, payload);
      this.connection?.send('coordinator', { kind: 'chunk', bytes });
    }
    this.#frame({ kind: 'submit', run: plan.run, round, receipt: wire });
  }

  #judged(head: Extract<CoordinatorHead, { kind: 'verdict' }>): void {
    if (this.#working === head.round) this.#working = -1;
    if (head.outcome !== 'accepted') return;
    const { value, signature } = decodeSigned(PROMISE, head.promise);
    const { keys, coordinator } = this.#parts;
    const isSigned = verifyRecord(keys.ed25519, PROMISE, value, coordinator, signature);
    if (!isSigned || value.receipt !== this.#receiptHash(head.round)) {
      this.#accuse(`the promise of round ${head.round} is not about its receipt`);
    }
  }

  async #concluded(head: Extract<CoordinatorHead, { kind: 'result' }>): Promise<void> {
    const header = await this.#keepHeader(head.header);
    if (header === undefined || head.inclusion === undefined) return;
    const { index, weight, proof } = head.inclusion;
    const line = this.#answers.get(header.round);
    const receipt = this.#receiptHash(header.round);
    if (line?.type !== 'receipt' || receipt === undefined) {
      return this.#accuse(`round ${header.round} includes what it never sent`);
    }
    const { node, keyEpoch, update, numExamples } = RECEIPT.decode(fromHex(line.receipt));
    const leaf = { node, keyEpoch, receipt, update, numExamples, weight: BigInt(weight) };
    const isProved = verifySum(sha256, {
      root: header.contribRoot,
      total: header.sumWeight,
      count: header.included,
      index,
      leaf: { hash: sumLeaf(sha256, CONTRIB, leaf), sum: BigInt(weight) },
      proof: proof.map(({ hash, sum }) => ({ hash, sum: BigInt(sum) })),
    });
    if (!isProved) this.#accuse(`the proof of inclusion in round ${header.round} fails`);
  }

  /** Takes a header that continues what it holds; what it holds already is nothing new. */
  async #keepHeader(wire: string): Promise<Header | undefined> {
    const { value: header, signature } = decodeSigned(HEADER, wire);
    const { keys, coordinator } = this.#parts;
    if (!verifyRecord(keys.ed25519, HEADER, header, coordinator, signature)) {
      this.#accuse('a header that its coordinator did not sign');
      return undefined;
    }
    const hash = recordHash(sha256, HEADER, header);
    if (header.round === this.#held.head.round && hash !== this.#held.head.hash) {
      this.#accuse(`a second header of round ${header.round}`);
    }
    if (header.round !== this.#held.next) return header;
    if (header.prev !== this.#held.head.hash) {
      this.#accuse(`header ${header.round} does not continue the one it holds`);
      return undefined;
    }
    await this.#log.append({ type: 'header', round: header.round, hash });
    this.#held.extend(header.round, hash);
    return header;
  }

  #receiptHash(round: number): Hash | undefined {
    const line = this.#answers.get(round);
    if (line?.type !== 'receipt') return undefined;
    const receipt = RECEIPT.decode(fromHex(line.receipt));
    return receiptHash(sha256, receipt, signRecord(RECEIPT, receipt, this.#parts.signer).signature);
  }

  #frame(head: NodeHead): void {
    this.connection?.send('coordinator', { kind: 'frame', bytes: encodeFrame(head) });
  }

  #accuse(detail: string): void {
    this.#parts.sim.watch.fail('node-satisfied', `node ${this.#parts.node}: ${detail}`);
  }
}
