import {
  type Ed25519,
  type Hash,
  type NodeId,
  type PublicKey,
  type RunId,
  type Sha256,
  TallyError,
  ZERO_HASH,
} from '@tallystick/kernel';
import { EPOCH, HEADER, recordHash, verifyRecord } from '@tallystick/record';
import {
  type AnchoredRun,
  type Consent,
  genesisHash,
  lastCounting,
  type VoidSpan,
} from '@tallystick/rounds';
import type { DemandAnswer, OpenDemand } from './demand-ledger.js';
import {
  type AnchoredEpoch,
  type ChainRun,
  type CoordinatorKey,
  keyInForce,
  type SignedEpoch,
} from './pay-ledger.js';
import type { AnchoredRound, NewRun, SignedCommit } from './round-ledger.js';

/** Numbers that a void skips: rounds may be under way on them (pallet `MAX_OPEN_ROUNDS`). */
const SKIPPED = 1_024;

/** A committed round, and what the run goes back to when a later one is voided. */
interface MemoryRound extends AnchoredRound {
  readonly standing: Pick<AnchoredRun, 'head' | 'model' | 'state' | 'lastAtBlock'>;
}

/** A run of the ledger in memory. */
export interface MemoryRun {
  readonly created: NewRun;
  /** By ascending `fromRound`; empty until accepted. */
  keys: readonly CoordinatorKey[];
  anchored: AnchoredRun;
  readonly rounds: Map<number, MemoryRound>;
  voids: readonly VoidSpan[];
  readonly consents: Map<NodeId, Consent>;
  readonly epochs: AnchoredEpoch[];
  /** The newest settlement of each number that was voided. */
  readonly voidEpochs: Map<number, AnchoredEpoch>;
  readonly demands: OpenDemand[];
  readonly answers: DemandAnswer[];
  money: Pick<ChainRun, 'allotted' | 'paid' | 'epochHead' | 'settledRounds'>;
  isClosed: boolean;
}

/** A run as it is proposed. */
export function proposed(created: NewRun): MemoryRun {
  const hashes = { head: ZERO_HASH, model: created.model, state: ZERO_HASH };
  return {
    created,
    keys: [],
    anchored: { nextRound: 0, ...hashes, lastAtBlock: 0, isHalted: false },
    rounds: new Map(),
    voids: [],
    consents: new Map(),
    epochs: [],
    voidEpochs: new Map(),
    demands: [],
    answers: [],
    money: { allotted: 0n, paid: 0n, epochHead: ZERO_HASH, settledRounds: 0 },
    isClosed: false,
  };
}

/** The run as the chain tells it, but for its accounts. */
export function stored(run: MemoryRun): Omit<ChainRun, 'owner' | 'coordinator'> {
  const { created, anchored, money, epochs, keys } = run;
  return {
    coordinatorKeys: keys,
    spec: created.spec,
    genesisModel: created.model,
    status: statusOf(run),
    payout: created.payout,
    funded: created.pot,
    epoch: epochs.length,
    nextRound: anchored.nextRound,
    challengeMs: created.windows.challengeMs,
    ...money,
  };
}

function statusOf({ isClosed, keys, anchored }: MemoryRun): ChainRun['status'] {
  if (isClosed) return 'closed';
  if (keys.length === 0) return 'proposed';
  return anchored.isHalted ? 'halted' : 'open';
}

/** The coordinator took the run: `head` is the hash of its genesis record. */
export function accept(run: MemoryRun, key: PublicKey, head: Hash): void {
  run.keys = [{ fromRound: 0, key }];
  run.anchored = { ...run.anchored, head };
}

/** False when there is no such demand. */
export function answer(run: MemoryRun, demand: number, shown: DemandAnswer): boolean {
  const index = run.demands.findIndex((open) => open.demand === demand);
  if (index < 0) return false;
  run.demands.splice(index, 1);
  run.answers.push(shown);
  return true;
}

/** From the run's next round on `key` signs; else the reason for which the pallet would refuse it. */
export function replaceKey(run: MemoryRun, key: PublicKey): string | undefined {
  const last = run.keys.at(-1);
  if (last === undefined || statusOf(run) !== 'open') return 'tally.RunNotOpen';
  const fromRound = run.anchored.nextRound;
  if (last.fromRound >= fromRound) return 'tally.KeyNotUsedYet';
  run.keys = [...run.keys, { fromRound, key }];
  return undefined;
}

/** What an owner said before, revoked at `block`. */
export function withdrawn(before: Consent | undefined, block: number): Consent {
  const nothing = { fromRound: 0, untilRound: 0, untilMs: 0n, purposes: [], policy: ZERO_HASH };
  return { ...(before ?? { ...nothing, fromBlock: block }), revokedAtBlock: block };
}

/** Adds an epoch to the run as of `block`, or gives the reason for which the pallet would refuse it. */
export function settle(
  run: MemoryRun,
  { record, signature }: SignedEpoch,
  block: number,
  deps: { readonly sha256: Sha256; readonly ed25519: Ed25519 },
): string | undefined {
  const key = keyInForce(run.keys, record.lastRound);
  if (key === undefined || run.isClosed) return 'tally.RunNotOpen';
  const { money, created, anchored } = run;
  if (record.epoch !== run.epochs.length) return 'tally.WrongEpoch';
  if (record.prev !== money.epochHead) return 'tally.WrongEpoch';
  const isNext = record.firstRound === money.settledRounds;
  if (!isNext || record.lastRound >= anchored.nextRound) return 'tally.WrongLastRound';
  const units = record.total - money.allotted;
  const isPayable = units >= 0n && units <= created.payout.epochBudget;
  if (!isPayable || record.total > created.pot) return 'tally.WrongTotal';
  if (!verifyRecord(deps.ed25519, EPOCH, record, key, signature)) return 'tally.BadSignature';
  const hash = recordHash(deps.sha256, EPOCH, record);
  const { entitleRoot: root, accounts, total, firstRound, lastRound } = record;
  run.money = { ...money, allotted: total, epochHead: hash, settledRounds: lastRound + 1 };
  const entry = { record: hash, root, accounts, total, firstRound, lastRound };
  run.epochs.push({ ...entry, settledAtMs: BigInt(block), status: 'settled' });
  return undefined;
}

/** Adds a round to the run as of `at`, or gives the reason for which the pallet would refuse it. */
export function commit(
  run: MemoryRun,
  { header, signature }: SignedCommit,
  at: { readonly chain: Hash; readonly block: number },
  deps: { readonly sha256: Sha256; readonly ed25519: Ed25519 },
): string | undefined {
  const key = keyInForce(run.keys, header.round);
  if (key === undefined || run.isClosed || run.anchored.isHalted) return 'tally.RunNotOpen';
  const { anchored, created } = run;
  if (header.chain !== at.chain) return 'tally.WrongChain';
  if (header.round !== anchored.nextRound) return 'tally.WrongRound';
  if (header.prev !== anchored.head) return 'tally.WrongPrev';
  if (header.modelBefore !== anchored.model) return 'tally.WrongModelBefore';
  if (header.included > 0 && header.included < created.minNodes) return 'tally.TooFewIncluded';
  if (!verifyRecord(deps.ed25519, HEADER, header, key, signature)) return 'tally.BadSignature';
  const head = recordHash(deps.sha256, HEADER, header);
  const { round, contribRoot, included, sumWeight, modelAfter: model, stateAfter: state } = header;
  const committed = { status: 'committed' as const, isFinal: true };
  const counts = { contribRoot, included, sumWeight, committedAtMs: BigInt(at.block) };
  const standing = { head, model, state, lastAtBlock: header.atBlock };
  run.rounds.set(round, { header: head, ...counts, ...committed, standing });
  run.anchored = { nextRound: round + 1, ...standing, isHalted: false };
  return undefined;
}

/** As the chain refuses a call. */
export function refused(call: string, reason: string): Promise<never> {
  return Promise.reject(new TallyError('LEDGER_REFUSED', { call, reason }));
}

/** Takes epoch `from` and those after it out, as an upheld objection does. */
export function voidEpochs(run: MemoryRun, from: number): void {
  const [gone] = run.epochs.splice(from);
  if (gone === undefined) return;
  run.voidEpochs.set(from, { ...gone, status: 'void' });
  const before = run.epochs.at(-1);
  run.money = {
    ...run.money,
    allotted: before?.total ?? 0n,
    epochHead: before?.record ?? ZERO_HASH,
    settledRounds: before === undefined ? 0 : before.lastRound + 1,
  };
}

/** Takes the rounds from `from` on out, as a dispute does. */
export function voidFrom(
  { chain, run: id, from }: { readonly chain: Hash; readonly run: RunId; readonly from: number },
  run: MemoryRun,
  { sha256, halts }: { readonly sha256: Sha256; readonly halts: boolean },
): void {
  const span = { from, until: run.anchored.nextRound + SKIPPED };
  const before = run.voids.filter(({ until }) => until < from);
  const merged = run.voids.filter(({ until }) => until >= from).map((old) => old.from);
  run.voids = [...before, { ...span, from: Math.min(from, ...merged) }];
  const newest = lastCounting(run.voids, from);
  const { spec, model } = run.created;
  const first = genesisHash(sha256, { chain, run: id, spec, model });
  const genesis = { head: first, model, state: ZERO_HASH, lastAtBlock: 0 };
  const standing = (newest === undefined ? undefined : run.rounds.get(newest)?.standing) ?? genesis;
  run.anchored = { nextRound: span.until, ...standing, isHalted: halts || run.anchored.isHalted };
  for (const [number, round] of run.rounds) {
    if (number >= from) run.rounds.set(number, { ...round, status: 'void', isFinal: false });
  }
}
