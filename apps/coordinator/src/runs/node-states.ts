import type { NodeState } from '@tallystick/protocol';
import { assertNever, type NodeId } from '@tallystick/kernel';
import { EXCLUDE, ExclusionReason, MEMBER } from '@tallystick/record';
import type { RoundEntity } from '../persistence/entities/index.js';
import { recordListOf } from '../persistence/record-list.js';

/** Nodes that have answered while a round is open. */
export interface Answers {
  readonly accepted: ReadonlySet<NodeId>;
  readonly declined: ReadonlySet<NodeId>;
}

/** What became of a node, with the number of its exclusion's reason. */
interface Fate {
  readonly state: NodeState;
  readonly exclusion: number | null;
}

/** What became of every member of the round's cohort, ascending by node. */
export function nodeStates(
  round: RoundEntity,
  { accepted, declined }: Answers,
): ReadonlyMap<NodeId, Fate> {
  const isOpen = round.header === null;
  const exclusions = new Map(
    recordListOf(EXCLUDE, round.exclusions ?? '').map(({ node, reason }) => [node, reason]),
  );
  return new Map(
    recordListOf(MEMBER, round.cohort).map(({ node }): readonly [NodeId, Fate] => {
      const exclusion = exclusions.get(node) ?? null;
      if (exclusion !== null) return [node, { state: stateOf(exclusion), exclusion }];
      if (!isOpen) return [node, { state: 'counted', exclusion }];
      const state = accepted.has(node) ? 'accepted' : declined.has(node) ? 'declined' : 'offered';
      return [node, { state, exclusion }];
    }),
  );
}

/** Throws RangeError for a reason that no record has. */
function stateOf(reason: number): NodeState {
  const known = Object.values(ExclusionReason).find((value) => value === reason);
  switch (known) {
    case ExclusionReason.silent:
      return 'silent';
    case ExclusionReason.declined:
      return 'declined';
    case ExclusionReason.late:
      return 'late';
    case ExclusionReason.malformed:
    case ExclusionReason.outOfRange:
    case ExclusionReason.badSignature:
    case ExclusionReason.keyOrConsent:
    case ExclusionReason.strike:
      return 'refused';
    case ExclusionReason.quorum:
      return 'unused';
    case ExclusionReason.pending:
      return 'pending';
    case undefined:
      throw new RangeError(`no exclusion has reason ${reason}`);
    default:
      return assertNever(known);
  }
}
