import {
  asHash,
  asNodeId,
  asOrganisationId,
  asPublicKey,
  type Hash,
  type NodeId,
  type PublicKey,
  type RunId,
  toHex,
} from '@tallystick/kernel';
import { ScaleReader, storageKey, twox64concat } from '@tallystick/chain/embedded';
import type { EligibleNode } from '@tallystick/rounds';

/** Reads one storage value of a block's state; undefined when the key is not set. */
export type ReadState = (key: Uint8Array) => Uint8Array | undefined;

/** A run as pallet-tally stores it: what the audit needs of it. */
export interface StoredRun {
  readonly coordinatorKeys: readonly { readonly fromRound: number; readonly key: PublicKey }[];
  readonly spec: Hash;
  readonly genesisModel: Hash;
  readonly head: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly nextRound: number;
  readonly minNodes: number;
}

/** A committed round as pallet-tally stores it. */
export interface StoredRound {
  readonly header: Hash;
  readonly contribRoot: Hash;
  readonly included: number;
  readonly sumWeight: bigint;
  readonly excluded: number;
  readonly atBlock: number;
  readonly isVoid: boolean;
}

/** A node's key in one key epoch. */
export interface StoredKey {
  readonly key: PublicKey;
  readonly cap: bigint;
  readonly fromBlock: number;
  readonly untilBlock: number | undefined;
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

function hash(reader: ScaleReader): Hash {
  return asHash(toHex(reader.take(32)));
}

function key(reader: ScaleReader): PublicKey {
  return asPublicKey(toHex(reader.take(32)));
}

/** `Tally.Runs` (chain/pallets/tally/src/types.rs `Run`). */
export function readRun(read: ReadState, run: RunId): StoredRun | undefined {
  const bytes = read(storageKey('Tally', 'Runs', twox64concat(u32(run))));
  if (bytes === undefined) return undefined;
  const reader = new ScaleReader(bytes);
  reader.take(64); // owner, coordinator
  const coordinatorKeys = reader.vector(() => ({ fromRound: reader.u32(), key: key(reader) }));
  const [spec, genesisModel, head, model, state] = [
    hash(reader),
    hash(reader),
    hash(reader),
    hash(reader),
    hash(reader),
  ];
  const nextRound = reader.u32();
  const minNodes = reader.u32();
  return { coordinatorKeys, spec, genesisModel, head, model, state, nextRound, minNodes };
}

/** `Tally.Rounds` (types.rs `Round`). */
export function readStoredRound(
  read: ReadState,
  run: RunId,
  round: number,
): StoredRound | undefined {
  const keys = [twox64concat(u32(run)), twox64concat(u32(round))];
  const bytes = read(storageKey('Tally', 'Rounds', ...keys));
  if (bytes === undefined) return undefined;
  const reader = new ScaleReader(bytes);
  const header = hash(reader);
  const contribRoot = hash(reader);
  const included = reader.u32();
  const sumWeight = reader.u64();
  const excluded = reader.u32();
  const atBlock = reader.u32();
  reader.u64(); // committed_at_ms
  const isVoid = reader.u8() !== 0;
  reader.end();
  return { header, contribRoot, included, sumWeight, excluded, atBlock, isVoid };
}

/** `Tally.NodeKeys` (types.rs `NodeKey`). */
export function readNodeKey(read: ReadState, node: NodeId, epoch: number): StoredKey | undefined {
  const keys = [twox64concat(u32(node)), twox64concat(u32(epoch))];
  const bytes = read(storageKey('Tally', 'NodeKeys', ...keys));
  if (bytes === undefined) return undefined;
  const reader = new ScaleReader(bytes);
  const entry = {
    key: key(reader),
    cap: reader.u64(),
    fromBlock: reader.u32(),
    untilBlock: reader.option(() => reader.u32()),
  };
  reader.end();
  return entry;
}

/** Everyone who may take part, judged at the block that `read` reads; ascending by node. */
export function readEligible(read: ReadState): readonly EligibleNode[] {
  const next = read(storageKey('Tally', 'NextNode'));
  const count = next === undefined ? 0 : new ScaleReader(next).u32();
  const members: EligibleNode[] = [];
  for (let id = 0; id < count; id++) {
    const member = readMember(read, asNodeId(id));
    if (member !== undefined) members.push(member);
  }
  return members;
}

/** `Tally.Nodes` and `Tally.Organisations`: undefined unless both are active. */
function readMember(read: ReadState, node: NodeId): EligibleNode | undefined {
  const bytes = read(storageKey('Tally', 'Nodes', twox64concat(u32(node))));
  if (bytes === undefined) return undefined;
  const reader = new ScaleReader(bytes);
  const organisation = asOrganisationId(reader.u32());
  reader.take(32); // owner
  const keyEpoch = reader.u32();
  const isActive = reader.u8() === 1;
  const owner = read(storageKey('Tally', 'Organisations', twox64concat(u32(organisation))));
  const isOrganisationActive = owner?.[32] === 1; // payout account, then the flag
  const current = readNodeKey(read, node, keyEpoch);
  if (!isActive || !isOrganisationActive || current === undefined) return undefined;
  return { node, organisation, keyEpoch, key: current.key, cap: current.cap };
}
