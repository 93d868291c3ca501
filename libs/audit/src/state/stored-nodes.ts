import { asNodeId, asOrganisationId, type NodeId, type PublicKey } from '@tallystick/kernel';
import type { EligibleNode } from '@tallystick/rounds';
import { Mismatch } from '../findings.js';
import { decodeValue, keyFrom, keyOf, type ReadState } from './read-state.js';

/** A node's key in one key epoch. In force at block b iff fromBlock ≤ b < untilBlock. */
export interface StoredKey {
  readonly key: PublicKey;
  readonly cap: bigint;
  readonly fromBlock: number;
  readonly untilBlock: number | undefined;
}

interface StoredNode {
  readonly organisation: number;
  readonly keyEpoch: number;
  readonly isActive: boolean;
}

/** `Tally.NodeKeys` (chain/pallets/tally/src/types.rs `NodeKey`). */
export function readNodeKey(read: ReadState, node: NodeId, epoch: number): StoredKey | undefined {
  const bytes = read(keyOf('Tally', 'NodeKeys', node, epoch));
  if (bytes === undefined) return undefined;
  return decodeValue(`Tally.NodeKeys ${node} ${epoch}`, bytes, (reader) => ({
    key: keyFrom(reader),
    cap: reader.u64(),
    fromBlock: reader.u32(),
    untilBlock: reader.option(() => reader.u32()),
  }));
}

/** True iff the epoch's key may sign for a task at `block`. */
export function isInForce({ fromBlock, untilBlock }: StoredKey, block: number): boolean {
  return fromBlock <= block && (untilBlock === undefined || block < untilBlock);
}

/** Everyone who may take part, judged at the block that `read` reads; ascending by node. */
export function readEligible(read: ReadState): readonly EligibleNode[] {
  const next = read(keyOf('Tally', 'NextNode'));
  const count =
    next === undefined ? 0 : decodeValue('Tally.NextNode', next, (reader) => reader.u32());
  const members: EligibleNode[] = [];
  for (let id = 0; id < count; id++) {
    const node = asNodeId(id);
    const { organisation, keyEpoch, isActive } = readNode(read, node);
    const current = readNodeKey(read, node, keyEpoch);
    if (!isActive || current === undefined || !isOrganisationActive(read, organisation)) continue;
    const { key, cap } = current;
    members.push({ node, organisation: asOrganisationId(organisation), keyEpoch, key, cap });
  }
  return members;
}

/** `Tally.Nodes`. Ids have no gaps, so a forged count ends at the first node that is not there. */
function readNode(read: ReadState, node: NodeId): StoredNode {
  const bytes = read(keyOf('Tally', 'Nodes', node));
  if (bytes === undefined) {
    const place = {
      record: `Tally.Nodes ${node} in the chain's state`,
      by: 'chain operator',
    } as const;
    throw new Mismatch(place, { expected: 'a node', found: 'none' });
  }
  return decodeValue(`Tally.Nodes ${node}`, bytes, (reader) => {
    const organisation = reader.u32();
    reader.take(32); // owner
    const keyEpoch = reader.u32();
    const isActive = reader.u8() === 1;
    reader.u32(); // since
    return { organisation, keyEpoch, isActive };
  });
}

function isOrganisationActive(read: ReadState, organisation: number): boolean {
  const bytes = read(keyOf('Tally', 'Organisations', organisation));
  if (bytes === undefined) return false;
  return decodeValue(`Tally.Organisations ${organisation}`, bytes, (reader) => {
    reader.take(32); // payout account
    const isActive = reader.u8() === 1;
    reader.u32(); // since
    return isActive;
  });
}
