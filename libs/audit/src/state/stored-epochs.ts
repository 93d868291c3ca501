import { type AccountId, asAccountId, type Hash, type RunId, toHex } from '@tallystick/kernel';
import { decodeValue, hashFrom, keyOf, type ReadState, u128From } from './read-state.js';

/** A settled epoch as pallet-tally stores it. */
export interface StoredEpoch {
  readonly record: Hash;
  readonly root: Hash;
  readonly accounts: number;
  readonly total: bigint;
  readonly firstRound: number;
  readonly lastRound: number;
  readonly settledAtMs: bigint;
  readonly isVoid: boolean;
}

/** `Tally.Epochs` (evidence.rs `EpochEntry`); undefined when there is no such epoch. */
export function readStoredEpoch(
  read: ReadState,
  run: RunId,
  epoch: number,
): StoredEpoch | undefined {
  const bytes = read(keyOf('Tally', 'Epochs', run, epoch));
  if (bytes === undefined) return undefined;
  return decodeValue(`Tally.Epochs ${run} ${epoch}`, bytes, (reader) => {
    const [record, root, accounts] = [hashFrom(reader), hashFrom(reader), reader.u32()];
    const total = u128From(reader);
    const [firstRound, lastRound] = [reader.u32(), reader.u32()];
    reader.take(12); // counted_rounds, counted_weight
    const settledAtMs = reader.u64();
    reader.take(32 + 16); // settler, its bond
    reader.option(() => reader.take(32)); // objector
    const isVoid = reader.u8() === 2;
    return { record, root, accounts, total, firstRound, lastRound, settledAtMs, isVoid };
  });
}

/** The payout account of an organisation; undefined when there is no such organisation. */
export function readPayout(read: ReadState, organisation: number): AccountId | undefined {
  const bytes = read(keyOf('Tally', 'Organisations', organisation));
  if (bytes === undefined) return undefined;
  return decodeValue(`Tally.Organisations ${organisation}`, bytes, (reader) => {
    const payout = asAccountId(toHex(reader.take(32)));
    reader.take(5); // active, since
    return payout;
  });
}
