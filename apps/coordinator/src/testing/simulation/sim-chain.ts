import {
  type CommitOutcome,
  InMemoryRoundLedger,
  type PreparedCommit,
  type SignedCommit,
} from '@tallystick/chain';
import { type Ed25519, type Hash, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { Header } from '@tallystick/record';
import type { BlockRef } from '@tallystick/rounds';
import type { Sim } from './sim.js';

/** How blocks are made: at every tick, or (an embedded chain) only when there is a transaction. */
export interface ChainPace {
  readonly blockMs: number | undefined;
  readonly finalityMs: number;
  /** Blocks that may include a transaction after it was signed. */
  readonly eraBlocks: number;
}

interface Pooled {
  readonly commit: PreparedCommit;
  /** No block takes it. */
  isStarved: boolean;
}

/** Header.closedAtMs may be ahead of the block's time by so much (pallet-tally, checks.rs). */
const MAX_AHEAD_MS = 60_000n;
const INSTANT_MS = 20;
/** Faults that are proved in one run. */
const MAX_VOIDS = 3;

/**
 * The chain itself: a pool, blocks and finality around the pallet's bookkeeping of InMemoryRoundLedger, which here
 * holds what is final. A nonce is used once; a transaction is included within its era or never.
 */
export class SimChain extends InMemoryRoundLedger {
  readonly #sim: Sim;
  readonly #pace: ChainPace;
  readonly #signed = new Map<Hash, readonly SignedCommit[]>();
  readonly #pool = new Map<Hash, Pooled>();
  readonly #outcomes = new Map<Hash, CommitOutcome>();
  #nonce = 0;
  #height = 0;
  #finalHeight = 0;
  #stalledUntilMs = 0;
  /** The rounds that count, ascending. */
  #counting: readonly Header[] = [];
  #voids = 0;
  #isBlockDue = false;

  constructor(sim: Sim, pace: ChainPace, ed25519: Ed25519) {
    super({ sha256, ed25519 });
    this.#sim = sim;
    this.#pace = pace;
    if (pace.blockMs !== undefined) this.#tick(pace.blockMs);
  }

  /** Blocks come by themselves, so that an era ends. */
  get isTicking(): boolean {
    return this.#pace.blockMs !== undefined;
  }

  override finalized(): Promise<BlockRef> {
    return Promise.resolve(refOf(this.#finalHeight));
  }

  override commitOutcome({ hash, lastBlock }: PreparedCommit): Promise<CommitOutcome> {
    const isOver = this.#finalHeight > lastBlock;
    return Promise.resolve(this.#outcomes.get(hash) ?? { kind: isOver ? 'expired' : 'waiting' });
  }

  /** Next nonce of the coordinator's account, the pool included. */
  nextIndex(): number {
    const pooled = new Set([...this.#pool.values()].map(({ commit }) => commit.nonce));
    let next = this.#nonce;
    while (pooled.has(next)) next++;
    return next;
  }

  /** A transaction for these rounds; nothing is sent. */
  sign(rounds: readonly SignedCommit[], nonce: number): PreparedCommit {
    const lastBlock = this.#height + this.#pace.eraBlocks;
    const signatures = rounds.map(({ signature }) => signature).join();
    const hash = sha256(utf8(`${nonce} ${lastBlock} ${signatures}`));
    this.#signed.set(hash, rounds);
    return { nonce, lastBlock, bytes: hash, hash };
  }

  /** Into the pool, unless it can never be included or its nonce is taken. */
  submit(commit: PreparedCommit): void {
    const isTaken = [...this.#pool.values()].some((other) => other.commit.nonce === commit.nonce);
    if (commit.nonce < this.#nonce || commit.lastBlock < this.#height || isTaken) return;
    this.#pool.set(commit.hash, { commit, isStarved: false });
    if (this.#pace.blockMs === undefined) this.#blockSoon();
  }

  get hasPooled(): boolean {
    return this.#pool.size > 0;
  }

  /** The chain's own node starts again: what is in no block is forgotten. */
  dropPool(): void {
    this.#pool.clear();
  }

  /** No block takes what is in the pool, until its era ends. */
  starvePool(): void {
    for (const pooled of this.#pool.values()) pooled.isStarved = true;
  }

  /** A fault in one of the rounds that count is proved: it and all later ones count no more. */
  proveFault(): void {
    const { random, watch, trace } = this.#sim;
    const [first, ...others] = this.#counting;
    if (first === undefined || this.#voids >= MAX_VOIDS) return;
    this.#voids++;
    const { run, round } = random.pick([first, ...others]);
    this.voidFrom(run, round);
    this.#counting = this.#counting.filter((header) => header.round < round);
    trace.add(`chain voids from round ${round} on`);
    watch.voided(this.voidsOf(run));
  }

  /** No blocks for a while. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.#sim.clock.nowMs() + ms;
  }

  #tick(blockMs: number): void {
    this.#sim.clock.after(blockMs, () => {
      this.#makeBlock();
      this.#tick(blockMs);
    });
  }

  #blockSoon(): void {
    if (this.#isBlockDue) return;
    this.#isBlockDue = true;
    const { clock } = this.#sim;
    clock.after(Math.max(INSTANT_MS, this.#stalledUntilMs - clock.nowMs()), () => {
      this.#isBlockDue = false;
      this.#makeBlock();
    });
  }

  #makeBlock(): void {
    const { clock } = this.#sim;
    if (clock.nowMs() < this.#stalledUntilMs) return;
    const height = ++this.#height;
    for (const [hash, { commit }] of this.#pool) {
      if (commit.lastBlock < height) this.#pool.delete(hash);
    }
    const included: PreparedCommit[] = [];
    const inOrder = [...this.#pool.values()].sort((a, b) => a.commit.nonce - b.commit.nonce);
    for (const { commit, isStarved } of inOrder) {
      if (isStarved || commit.nonce !== this.#nonce) break;
      this.#nonce++;
      this.#pool.delete(commit.hash);
      included.push(commit);
    }
    const atMs = clock.nowMs();
    clock.after(this.#pace.finalityMs, () => void this.#finalise(height, included, atMs));
  }

  async #finalise(
    height: number,
    included: readonly PreparedCommit[],
    atMs: number,
  ): Promise<void> {
    this.#finalHeight = height;
    for (const { hash } of included) {
      const rounds = this.#signed.get(hash) ?? [];
      const reason = await this.#execute(rounds, { height, atMs });
      const block = refOf(height);
      const outcome =
        reason === undefined ? { kind: 'final' as const } : { kind: 'refused' as const, reason };
      this.#outcomes.set(hash, { ...outcome, block });
      this.#sim.trace.add(
        `chain ${rounds.map(({ header }) => header.round).join(' ')} ${reason ?? 'committed'}`,
      );
    }
  }

  /** The rest of the pallet's checks, then its bookkeeping: all rounds or none. */
  async #execute(
    rounds: readonly SignedCommit[],
    block: { readonly height: number; readonly atMs: number },
  ): Promise<string | undefined> {
    let lastAtBlock = this.#counting.at(-1)?.atBlock ?? 0;
    let lastClosedAtMs = this.#counting.at(-1)?.closedAtMs ?? 0n;
    for (const { header } of rounds) {
      const reason = refusal(header, { ...block, lastAtBlock, lastClosedAtMs });
      if (reason !== undefined) return reason;
      lastAtBlock = header.atBlock;
      lastClosedAtMs = header.closedAtMs;
    }
    const prepared = await super.prepareCommit(rounds);
    await super.submitCommit(prepared);
    const outcome = await super.commitOutcome(prepared);
    if (outcome.kind === 'refused') return outcome.reason;
    this.#counting = [...this.#counting, ...rounds.map(({ header }) => header)];
    for (const { header } of rounds) this.#sim.watch.committed(header);
    return undefined;
  }
}

function refusal(
  header: Header,
  at: { height: number; atMs: number; lastAtBlock: number; lastClosedAtMs: bigint },
): string | undefined {
  if (header.atBlock < at.lastAtBlock || header.atBlock > at.height) return 'tally.AtBlockGoesBack';
  if (header.closedAtMs < at.lastClosedAtMs) return 'tally.ClosedAtGoesBack';
  if (header.closedAtMs > BigInt(at.atMs) + MAX_AHEAD_MS) return 'tally.ClosedAtInFuture';
  if (header.included + header.excluded !== header.cohort) return 'tally.WrongCohort';
  return undefined;
}

function refOf(number: number): BlockRef {
  return { number, hash: sha256(utf8(`simulated block ${number}`)) };
}
