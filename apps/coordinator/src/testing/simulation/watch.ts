import { type Hash, type NodeId, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  ExclusionReason,
  type Header,
  HEADER,
  PROMISE,
  RECEIPT,
  type RecordCodec,
  recordHash,
  TASK,
} from '@tallystick/record';
import {
  type CloseRound,
  type ContributionRow,
  contribOf,
  contribTreeOf,
  type DeclineRow,
  genesisHash,
  isVoid,
  nextCounting,
  type OpenRound,
  type RunPlan,
  type VoidSpan,
} from '@tallystick/rounds';
import type { FoldOracle } from './fold-oracle.js';

/** What must hold in every schedule, whatever fails. */
export const INVARIANTS = [
  'accepted-is-folded',
  'one-commit',
  'same-digest',
  'promise-kept',
  'round-once',
  'one-signature',
  'one-leader',
  'durable-before-signed',
  'window-honest',
  'node-satisfied',
  'void-left',
  'progress',
] as const;
export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
}

/** A round as the database holds it. */
interface RoundFacts {
  readonly open: OpenRound;
  readonly task: Hash;
  readonly rows: Map<NodeId, ContributionRow>;
  readonly declines: Set<NodeId>;
  closed?: CloseRound;
}

/** Sees everything durable and everything signed, and keeps the first thing that must not be. */
export class Watch {
  violation: Violation | undefined;
  readonly oracle: FoldOracle;
  readonly #plan: RunPlan;
  readonly #latestWallMs: () => number;
  readonly #rounds = new Map<number, RoundFacts>();
  /** What the chain has voided, and what of it the database knows. */
  #voids: readonly VoidSpan[] = [];
  #taken: readonly VoidSpan[] = [];
  /** Record, round and node → hash of the bytes signed. */
  readonly #signatures = new Map<string, Hash>();
  readonly #promises = new Map<string, { round: number; node: NodeId; receipt: Hash }>();
  readonly #committed = new Set<number>();
  /** Lease → its newest epoch. */
  readonly #epochs = new Map<string, number>();

  /** @param latestWallMs the latest time that the coordinator's clock ever showed. */
  constructor(plan: RunPlan, oracle: FoldOracle, latestWallMs: () => number) {
    this.#plan = plan;
    this.oracle = oracle;
    this.#latestWallMs = latestWallMs;
  }

  get closedRounds(): number {
    return this.#closed().length;
  }

  /** The chain has voided rounds. */
  get hasVoids(): boolean {
    return this.#voids.length > 0;
  }

  /** The database knows all that the chain has voided. */
  get knowsVoids(): boolean {
    return JSON.stringify(this.#voids) === JSON.stringify(this.#taken);
  }

  /** Closed rounds that count by the database, ascending. */
  #closed(): readonly CloseRound[] {
    return [...this.#rounds.values()].flatMap(({ closed }) =>
      closed === undefined || isVoid(this.#taken, closed.round) ? [] : [closed],
    );
  }

  /** After the last closed round. */
  get model(): Hash {
    return this.#closed().at(-1)?.header.modelAfter ?? this.#plan.genesisModel;
  }

  get committedRounds(): number {
    return [...this.#committed].filter((round) => !isVoid(this.#voids, round)).length;
  }

  fail(invariant: Invariant, detail: string): void {
    this.violation ??= { invariant, detail };
  }

  /** From now on nobody writes under an older epoch. */
  claimed(lease: string, epoch: number): void {
    if (epoch < this.#newest(lease)) this.fail('one-leader', `${lease} goes back to ${epoch}`);
    this.#epochs.set(lease, epoch);
  }

  /** Something took effect in the database. */
  wrote(lease: string, epoch: number): void {
    const newest = this.#newest(lease);
    if (epoch !== newest)
      this.fail('one-leader', `a write of ${lease} under ${epoch}, not ${newest}`);
  }

  #newest(lease: string): number {
    return this.#epochs.get(lease) ?? 0;
  }

  /** Something was signed, sent or not. */
  signed(message: Uint8Array): void {
    if (isOf(TASK, message)) this.#signedTask(message);
    else if (isOf(PROMISE, message)) this.#signedPromise(message);
    else if (isOf(HEADER, message)) this.#signedHeader(message);
    else if (isOf(RECEIPT, message)) {
      const { node, round } = RECEIPT.decode(message.subarray(16));
      this.#once(`receipt of round ${round} by node ${node}`, message);
    }
  }

  opened(open: OpenRound): void {
    const { round, task } = open;
    const last = this.#closed().at(-1);
    const { chain, run, specHash: spec, genesisModel: model } = this.#plan;
    const head = last?.headerHash ?? genesisHash(sha256, { chain, run, spec, model });
    const next = nextCounting(this.#taken, (last?.round ?? -1) + 1);
    if (isVoid(this.#taken, round)) this.fail('void-left', `the void round ${round} is opened`);
    if (this.#taken.length > 0 && task.model !== this.model) {
      this.fail('void-left', `round ${round} builds on a model that does not count`);
    }
    if (round !== next) this.fail('round-once', `round ${round} is opened, not ${next}`);
    if (task.prev !== head) this.fail('round-once', `round ${round} continues another header`);
    const hash = recordHash(sha256, TASK, task);
    this.#rounds.set(round, { open, task: hash, rows: new Map(), declines: new Set() });
  }

  appended(round: number, rows: readonly ContributionRow[]): void {
    for (const row of rows) this.#rounds.get(round)?.rows.set(row.node, row);
  }

  declined(round: number, { node }: DeclineRow): void {
    this.#rounds.get(round)?.declines.add(node);
  }

  closed(closed: CloseRound): void {
    const facts = this.#rounds.get(closed.round);
    if (facts === undefined) return this.fail('round-once', `${closed.round} closed unopened`);
    if (facts.closed !== undefined) return this.fail('round-once', `${closed.round} closed twice`);
    facts.closed = closed;
    this.#checkWindow(facts, closed);
    for (const promise of this.#promises.values()) {
      if (promise.round === closed.round) this.#checkPromise(promise);
    }
    this.#checkFold(facts, closed);
  }

  /** The chain takes rounds out. */
  voided(spans: readonly VoidSpan[]): void {
    this.#voids = spans;
  }

  /** The database knows of these voids. */
  taken(spans: readonly VoidSpan[]): void {
    this.#taken = spans;
    this.oracle.goBack(this.#closed().at(-1)?.round);
  }

  /** The chain holds this header, finally. */
  committed(header: Header): void {
    const { round } = header;
    if (this.#committed.has(round)) this.fail('one-commit', `round ${round} is committed twice`);
    this.#committed.add(round);
    const here = this.#rounds.get(round)?.closed?.headerHash;
    if (here !== recordHash(sha256, HEADER, header)) {
      this.fail('one-commit', `the chain holds another header of round ${round}`);
    }
  }

  /** The database calls these rounds final. */
  final(rounds: readonly number[]): void {
    const early = rounds.find((round) => !this.#committed.has(round));
    if (early !== undefined)
      this.fail('one-commit', `round ${early} is final in the database alone`);
  }

  /** After the run has ended and everything is published. */
  ended(): void {
    if (this.committedRounds !== this.closedRounds) {
      this.fail('one-commit', `${this.closedRounds} closed, ${this.committedRounds} on the chain`);
    }
    if (!this.knowsVoids) this.fail('void-left', 'the database does not know what is void');
    for (const promise of this.#promises.values()) this.#checkPromise(promise);
  }

  #signedTask(message: Uint8Array): void {
    const { round } = TASK.decode(message.subarray(16));
    this.#once(`task of round ${round}`, message);
    const isDurable = this.#rounds.get(round)?.task === sha256(message);
    if (!isDurable) this.fail('durable-before-signed', `the task of round ${round}`);
  }

  #signedHeader(message: Uint8Array): void {
    const { round } = HEADER.decode(message.subarray(16));
    this.#once(`header of round ${round}`, message);
    const isDurable = this.#rounds.get(round)?.closed?.headerHash === sha256(message);
    if (!isDurable) this.fail('durable-before-signed', `the header of round ${round}`);
  }

  #signedPromise(message: Uint8Array): void {
    const promise = PROMISE.decode(message.subarray(16));
    const { round, node } = promise;
    this.#once(`promise of round ${round} to node ${node}`, message);
    const row = this.#rounds.get(round)?.rows.get(node);
    const isDurable = row !== undefined && row.promise.receipt === promise.receipt;
    if (!isDurable) this.fail('durable-before-signed', `promise ${round} to node ${node}`);
    this.#promises.set(`${round} ${node} ${promise.receipt}`, promise);
  }

  #once(what: string, message: Uint8Array): void {
    const bytes = sha256(message);
    const earlier = this.#signatures.get(what);
    if (earlier !== undefined && earlier !== bytes)
      this.fail('one-signature', `two of one ${what}`);
    this.#signatures.set(what, bytes);
  }

  /** Every row is a leaf and no other; their plain sum gives the model. An empty round changes nothing. */
  #checkFold({ open, rows }: RoundFacts, { header, exclusions, round }: CloseRound): void {
    const wrong = (what: string): void =>
      this.fail('accepted-is-folded', `round ${round}: ${what}`);
    const excluded = new Map(exclusions.map((exclusion) => [exclusion.node, exclusion]));
    if (header.included + excluded.size !== open.cohort.length) wrong('it forgets a cohort node');
    if (header.included === 0) {
      const { model, state } = open.task;
      if (header.modelAfter !== model || header.stateAfter !== state) wrong('empty, yet it steps');
      const lost = [...rows.keys()].find(
        (node) => excluded.get(node)?.reason !== ExclusionReason.quorum,
      );
      if (lost !== undefined) wrong(`the row of node ${lost} is lost`);
      return;
    }
    const sorted = [...rows.values()].sort((a, b) => a.node - b.node);
    const leaves = sorted.map((row) =>
      contribOf(sha256, { ...row, signature: row.receiptSignature }),
    );
    const tree = contribTreeOf(sha256, leaves);
    if (tree.root !== header.contribRoot || tree.total !== header.sumWeight) {
      return wrong(`its leaves are not its ${rows.size} rows`);
    }
    const folded = this.oracle.fold(round, sorted);
    if (folded.model !== header.modelAfter || folded.state !== header.stateAfter) {
      wrong('its model is not the sum of its rows');
    }
  }

  /** Protocol.md §3.6, by the spec that was agreed on. */
  #checkWindow({ open, rows, declines }: RoundFacts, { header, round }: CloseRound): void {
    const { count } = this.#plan.spec.window;
    const { deadlineMs, cohort } = open.task;
    const answered = new Set([...rows.keys(), ...declines]).size;
    const isDecided = answered === cohort || rows.size >= (count.max ?? cohort);
    if (!isDecided && header.closedAtMs < deadlineMs) {
      const leftMs = deadlineMs - header.closedAtMs;
      this.fail('window-honest', `round ${round} closed ${leftMs} ms early with ${rows.size} rows`);
    }
    if (header.closedAtMs > BigInt(Math.ceil(this.#latestWallMs()))) {
      this.fail('window-honest', `round ${round} claims a time that no clock has shown`);
    }
    if (header.included > 0 !== rows.size >= count.min) {
      this.fail('window-honest', `round ${round} counts ${header.included} of ${rows.size} rows`);
    }
  }

  #checkPromise({ round, node, receipt }: { round: number; node: NodeId; receipt: Hash }): void {
    if (isVoid(this.#voids, round)) return;
    const facts = this.#rounds.get(round);
    if (facts?.closed === undefined)
      return this.fail('promise-kept', `round ${round} never closed`);
    const { header, exclusions } = facts.closed;
    const isLeaf = header.included > 0 && facts.rows.get(node)?.promise.receipt === receipt;
    const excluded = exclusions.find((exclusion) => exclusion.node === node);
    const isQuorum = excluded?.reason === ExclusionReason.quorum && excluded.receipt === receipt;
    if (isLeaf !== (excluded === undefined) || (!isLeaf && !(header.included === 0 && isQuorum))) {
      this.fail(
        'promise-kept',
        `round ${round} closed without the promised receipt of node ${node}`,
      );
    }
  }
}

function isOf<T>(codec: RecordCodec<T>, message: Uint8Array): boolean {
  const tag = utf8(codec.name);
  return message.length === 16 + codec.size && tag.every((byte, i) => message[i] === byte);
}
