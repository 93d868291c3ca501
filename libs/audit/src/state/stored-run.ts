import { type Hash, type PublicKey, type RunId, ZERO_HASH } from '@tallystick/kernel';
import type { ScaleReader } from '@tallystick/chain/proof';
import { isVoid, nextCounting, type VoidSpan } from '@tallystick/rounds';
import { decodeValue, hashFrom, keyFrom, keyOf, type ReadState, u128From } from './read-state.js';

/** A coordinator key and the first round it signs. */
export interface CoordinatorKey {
  readonly fromRound: number;
  readonly key: PublicKey;
}

/** A run as pallet-tally stores it: what the audit needs of it. */
export interface StoredRun {
  /** By ascending `fromRound`; empty until the coordinator accepted. */
  readonly coordinatorKeys: readonly CoordinatorKey[];
  readonly spec: Hash;
  readonly genesisModel: Hash;
  readonly head: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly nextRound: number;
  readonly maxTaskAgeBlocks: number;
  /** The number of the purpose's DUO code. */
  readonly purpose: number;
  readonly isConsentRequired: boolean;
  readonly payout: StoredPayout;
  /** Smallest amounts. */
  readonly funded: bigint;
  readonly allotted: bigint;
  readonly paid: bigint;
  /** Settled epochs. */
  readonly epoch: number;
  /** Hash of the newest epoch's record; zeros before the first. */
  readonly epochHead: Hash;
  /** The first round that no epoch covers. */
  readonly settledRounds: number;
}

/** How a run pays (types.rs `Payout`). */
export interface StoredPayout {
  /** 0 weight, 1 equal, 2 contribution. */
  readonly policy: number;
  readonly epochRounds: number;
  readonly epochBudget: bigint;
  readonly capPpm: number;
}

/** A committed round as pallet-tally stores it. */
export interface StoredRound {
  readonly header: Hash;
  readonly contribRoot: Hash;
  readonly included: number;
  readonly sumWeight: bigint;
  readonly excluded: number;
  readonly atBlock: number;
  /** The chain's time at the commit. */
  readonly committedAtMs: bigint;
  /** Hash of the round's task. */
  readonly task: Hash;
  readonly isVoid: boolean;
}

/** Storage key of `Tally.Runs`. */
export function runKey(run: RunId): Uint8Array {
  return keyOf('Tally', 'Runs', run);
}

/** Decodes `Tally.Runs` (chain/pallets/tally/src/types.rs `Run`). */
export function decodeRun(run: RunId, bytes: Uint8Array): StoredRun {
  return decodeValue(`Tally.Runs ${run}`, bytes, (reader) => {
    reader.take(64); // owner, coordinator account
    const coordinatorKeys = reader.vector(() => ({
      fromRound: reader.u32(),
      key: keyFrom(reader),
    }));
    const hashes = {
      spec: hashFrom(reader),
      genesisModel: hashFrom(reader),
      head: hashFrom(reader),
      model: hashFrom(reader),
      state: hashFrom(reader),
    };
    const nextRound = reader.u32();
    return { coordinatorKeys, ...hashes, nextRound, ...termsFrom(reader), ...payFrom(reader) };
  });
}

/** What the researcher proposed, from `min_nodes` to `payout`. */
function termsFrom(
  reader: ScaleReader,
): Pick<StoredRun, 'maxTaskAgeBlocks' | 'purpose' | 'isConsentRequired' | 'payout'> {
  reader.u32(); // min_nodes; the spec's own minimum is checked
  reader.take(24); // challenge, settle and halt windows
  const maxTaskAgeBlocks = reader.u32();
  reader.take(9); // weighting and its cap, which the spec holds
  const purpose = reader.u32();
  const isConsentRequired = reader.u8() !== 0;
  const payout = {
    policy: reader.u8(),
    epochRounds: reader.u32(),
    epochBudget: u128From(reader),
    capPpm: reader.u32(),
  };
  return { maxTaskAgeBlocks, purpose, isConsentRequired, payout };
}

/** The pot and the epochs, to the end of the run. */
function payFrom(
  reader: ScaleReader,
): Pick<StoredRun, 'funded' | 'allotted' | 'paid' | 'epoch' | 'epochHead' | 'settledRounds'> {
  const [funded, allotted, paid] = [u128From(reader), u128From(reader), u128From(reader)];
  u128From(reader); // bond
  const epoch = reader.u32();
  const epochHead = hashFrom(reader);
  const settledRounds = reader.u32();
  reader.take(16); // counted_rounds, counted_weight, objections
  reader.take(20); // last_at_block, last_closed_at_ms, last_active_ms
  reader.u8(); // status
  return { funded, allotted, paid, epoch, epochHead, settledRounds };
}

/** `Tally.Runs`; undefined when there is no such run. */
export function readRun(read: ReadState, run: RunId): StoredRun | undefined {
  const bytes = read(runKey(run));
  return bytes && decodeRun(run, bytes);
}

/** `Tally.Rounds` (types.rs `Round`) with `Tally.Voids`; undefined when the round is not committed. */
export function readRound(read: ReadState, run: RunId, round: number): StoredRound | undefined {
  const bytes = read(keyOf('Tally', 'Rounds', run, round));
  if (bytes === undefined) return undefined;
  const voids = readVoids(read, run);
  return decodeValue(`Tally.Rounds ${run} ${round}`, bytes, (reader) => {
    const header = hashFrom(reader);
    const root = hashFrom(reader); // of contributions, or of the exclusions of a round without any
    const included = reader.u32();
    const stored = {
      header,
      contribRoot: included > 0 ? root : ZERO_HASH,
      included,
      sumWeight: reader.u64(),
      excluded: reader.u32(),
      atBlock: reader.u32(),
      committedAtMs: reader.u64(),
      task: hashFrom(reader),
      isVoid: isVoid(voids, round),
    };
    reader.take(64 + 8 + 1); // model, state, closed_at_ms, mode: the header's
    reader.take(12); // counted_rounds, counted_weight
    return stored;
  });
}

/** The numbers of the rounds that count, ascending. */
export function* countingRounds(
  { nextRound }: Pick<StoredRun, 'nextRound'>,
  voids: readonly VoidSpan[],
): Generator<number> {
  for (let n = nextCounting(voids, 0); n < nextRound; n = nextCounting(voids, n + 1)) yield n;
}

/** `Tally.Voids`: spans of round numbers that do not count, ascending; `until` is the number after the last. */
export function readVoids(read: ReadState, run: RunId): readonly VoidSpan[] {
  const bytes = read(voidsKey(run));
  return bytes === undefined ? [] : decodeVoids(run, bytes);
}

/** Storage key of `Tally.Voids`. */
export function voidsKey(run: RunId): Uint8Array {
  return keyOf('Tally', 'Voids', run);
}

/** Decodes `Tally.Voids`. */
export function decodeVoids(run: RunId, bytes: Uint8Array): readonly VoidSpan[] {
  return decodeValue(`Tally.Voids ${run}`, bytes, (reader) =>
    reader.vector(() => ({ from: reader.u32(), until: reader.u32() })),
  );
}
