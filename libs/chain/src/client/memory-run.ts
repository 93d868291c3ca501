import {
  type Ed25519,
  type Hash,
  type NodeId,
  type PublicKey,
  type Sha256,
  TallyError,
} from '@tallystick/kernel';
import { EPOCH, HEADER, recordHash, verifyRecord } from '@tallystick/record';
import type { AnchoredRun, Consent } from '@tallystick/rounds';
import type { DemandAnswer, OpenDemand } from './demand-ledger.js';
import type { AnchoredEpoch, ChainRun, SignedEpoch } from './pay-ledger.js';
import type { AnchoredRound, NewRun, SignedCommit } from './round-ledger.js';

/** A run of the ledger in memory. */
export interface MemoryRun {
  readonly created: NewRun;
  key: PublicKey | undefined;
  anchored: AnchoredRun;
  readonly rounds: Map<number, AnchoredRound>;
  readonly consents: Map<NodeId, Consent>;
  readonly epochs: AnchoredEpoch[];
  readonly demands: OpenDemand[];
  readonly answers: DemandAnswer[];
  money: Pick<ChainRun, 'allotted' | 'paid' | 'epochHead' | 'settledRounds'>;
  isClosed: boolean;
}

/** Adds an epoch to the run as of `block`, or gives the reason for which the pallet would refuse it. */
export function settle(
  run: MemoryRun,
  { record, signature }: SignedEpoch,
  block: number,
  deps: { readonly sha256: Sha256; readonly ed25519: Ed25519 },
): string | undefined {
  if (run.key === undefined || run.isClosed) return 'tally.RunNotOpen';
  const { money, created, anchored } = run;
  if (record.epoch !== run.epochs.length) return 'tally.WrongEpoch';
  if (record.prev !== money.epochHead) return 'tally.WrongEpoch';
  const isNext = record.firstRound === money.settledRounds;
  if (!isNext || record.lastRound >= anchored.nextRound) return 'tally.WrongLastRound';
  const units = record.total - money.allotted;
  const isPayable = units >= 0n && units <= created.payout.epochBudget;
  if (!isPayable || record.total > created.pot) return 'tally.WrongTotal';
  if (!verifyRecord(deps.ed25519, EPOCH, record, run.key, signature)) return 'tally.BadSignature';
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
  if (run.key === undefined || run.isClosed) return 'tally.RunNotOpen';
  const { anchored, created } = run;
  if (header.chain !== at.chain) return 'tally.WrongChain';
  if (header.round !== anchored.nextRound) return 'tally.WrongRound';
  if (header.prev !== anchored.head) return 'tally.WrongPrev';
  if (header.modelBefore !== anchored.model) return 'tally.WrongModelBefore';
  if (header.included > 0 && header.included < created.minNodes) return 'tally.TooFewIncluded';
  if (!verifyRecord(deps.ed25519, HEADER, header, run.key, signature)) return 'tally.BadSignature';
  const head = recordHash(deps.sha256, HEADER, header);
  const { round, contribRoot, included, sumWeight, modelAfter: model, stateAfter: state } = header;
  const committed = { status: 'committed' as const, isFinal: true };
  const counts = { contribRoot, included, sumWeight, committedAtMs: BigInt(at.block) };
  run.rounds.set(round, { header: head, ...counts, ...committed });
  run.anchored = { nextRound: round + 1, head, model, state, lastAtBlock: header.atBlock };
  return undefined;
}

/** As the chain refuses a call. */
export function refused(call: string, reason: string): Promise<never> {
  return Promise.reject(new TallyError('LEDGER_REFUSED', { call, reason }));
}
