import type { Hash, PublicKey, RunId } from '@tallystick/kernel';
import type { ScaleReader } from '@tallystick/chain/embedded';
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
    const maxTaskAgeBlocks = skipToTaskAge(reader);
    return { coordinatorKeys, ...hashes, nextRound, maxTaskAgeBlocks };
  });
}

/** Reads the rest of a run, of which only the age of tasks matters here. */
function skipToTaskAge(reader: ScaleReader): number {
  reader.u32(); // min_nodes; the spec's own minimum is checked
  reader.take(24); // challenge, settle and halt windows
  const age = reader.u32();
  reader.take(9); // weighting
  reader.take(5); // purpose, consent_required
  reader.take(25); // payout
  for (let i = 0; i < 4; i++) u128From(reader); // funded, allotted, paid, bond
  reader.take(40); // epoch, epoch_head, settled_rounds
  reader.take(16); // counted_rounds, counted_weight, objections
  reader.take(20); // last_at_block, last_closed_at_ms, last_active_ms
  reader.u8(); // status
  return age;
}

/** `Tally.Runs`; undefined when there is no such run. */
export function readRun(read: ReadState, run: RunId): StoredRun | undefined {
  const bytes = read(runKey(run));
  return bytes && decodeRun(run, bytes);
}

/** Round numbers that do not count: `from` and all up to, but not including, `until`. */
export interface VoidSpan {
  readonly from: number;
  readonly until: number;
}

/** `Tally.Voids`: ascending, apart from each other; numbers that were never committed may be among them. */
export function readVoids(read: ReadState, run: RunId): readonly VoidSpan[] {
  const bytes = read(keyOf('Tally', 'Voids', run));
  if (bytes === undefined) return [];
  return decodeValue(`Tally.Voids ${run}`, bytes, (reader) =>
    reader.vector(() => ({ from: reader.u32(), until: reader.u32() })),
  );
}

/** `Tally.Rounds` (types.rs `Round`); undefined when the round is not committed. */
export function readRound(read: ReadState, run: RunId, round: number): StoredRound | undefined {
  const bytes = read(keyOf('Tally', 'Rounds', run, round));
  if (bytes === undefined) return undefined;
  const isVoid = readVoids(read, run).some(({ from, until }) => from <= round && round < until);
  return decodeValue(`Tally.Rounds ${run} ${round}`, bytes, (reader) => {
    const header = hashFrom(reader);
    const contribRoot = hashFrom(reader);
    const [included, sumWeight] = [reader.u32(), reader.u64()];
    const [excluded, atBlock, committedAtMs] = [reader.u32(), reader.u32(), reader.u64()];
    reader.take(128); // task, excluded_root, model, state
    reader.take(21); // closed_at_ms, mode, counted_rounds, counted_weight
    const counts = { included, sumWeight, excluded };
    return { header, contribRoot, ...counts, atBlock, committedAtMs, isVoid };
  });
}
