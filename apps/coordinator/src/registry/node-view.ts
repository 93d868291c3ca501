import type { NodeView } from '@tallystick/protocol';
import type { EligibleNode } from '@tallystick/rounds';
import type { NodeRow } from '../persistence/node-rows.js';

/** A node as the API shows it. The chain's word (`member`) goes before the row's. */
export function nodeView(
  { node: row, organisation }: NodeRow,
  now: {
    readonly member: EligibleNode | undefined;
    readonly seenAtMs?: number | undefined;
    readonly roundMs?: number | undefined;
  },
): NodeView {
  const { member, seenAtMs, roundMs } = now;
  const absent = row.admittedAt === null ? 'pending' : 'revoked';
  return {
    node: row.id,
    name: row.name,
    organisation: { organisation: row.organisationId, name: organisation },
    key: member?.key ?? row.key,
    keyEpoch: member?.keyEpoch ?? 0,
    status: member === undefined ? absent : row.suspendedAt === null ? 'active' : 'suspended',
    cap: (member?.cap ?? row.cap).toString(),
    connected: seenAtMs !== undefined,
    lastSeenAtMs: seenAtMs ?? row.seenAt?.getTime() ?? null,
    joinedAtMs: row.joinedAt.getTime(),
    strikes: row.strikes,
    roundMs: roundMs ?? null,
  };
}
