import type { Hash, NodeId } from '@tallystick/kernel';
import {
  type Header,
  HEADER,
  recordHash,
  type RoundMode,
  signingBytes,
  signRecord,
  type Task,
  TASK,
} from '@tallystick/record';
import { buildHeader } from './build-header.js';
import type { ExclusionRow, OpenRound, RoundResult } from './ports/index.js';
import { roundMetrics } from './round-metrics.js';
import { type Contribution, contribOf, type Inclusion, inclusionsOf } from './round-trees.js';
import type { RunDeps } from './run-plan.js';

/** How a round ends. An empty round keeps model and state and says why. */
export interface RoundEnd {
  readonly modelAfter: Hash;
  readonly stateAfter: Hash;
  readonly emptyReason?: string;
}

/** A round that was closed durably. */
export interface ClosedRound {
  readonly header: Header;
  readonly headerHash: Hash;
  /** hex of SCALE ‖ signature. */
  readonly wire: string;
  /** Canonical JSON behind header.metrics. */
  readonly metrics: string;
  readonly emptyReason?: string;
  /** The result for one node of the cohort. */
  resultFor(node: NodeId): RoundResult;
}

/** What a round holds when it closes. */
export interface RoundRows {
  readonly mode: RoundMode;
  readonly contributions: readonly Contribution[];
  readonly exclusions: readonly ExclusionRow[];
  /** closedAtMs of the round before: the chain refuses time that runs backwards. */
  readonly notBeforeMs: bigint;
}

/** Builds the header, makes the close durable in one transaction, and only then signs. */
export async function closeRound(
  open: OpenRound,
  end: RoundEnd,
  rows: RoundRows,
  deps: Pick<RunDeps, 'sha256' | 'clock' | 'journal' | 'signer' | 'trace'>,
): Promise<ClosedRound> {
  const { sha256, clock, journal } = deps;
  const { mode, contributions, exclusions, notBeforeMs } = rows;
  const { run, round, task } = open;
  const nowMs = BigInt(clock.nowMs());
  const closedAtMs = nowMs > notBeforeMs ? nowMs : notBeforeMs;
  const header = buildHeader(sha256, { mode, task, contributions, exclusions, ...end, closedAtMs });
  const why = end.emptyReason === undefined ? {} : { emptyReason: end.emptyReason };
  const headerHash = recordHash(sha256, HEADER, header);
  const metrics = roundMetrics(contributions);
  deps.signer.assertSigns?.(signingBytes(HEADER, header)); // a durable header that nobody may sign could never be anchored
  const startMs = clock.nowMs();
  await journal.close({ run, round, header, headerHash, exclusions, metrics, ...why });
  const committedMs = clock.nowMs();
  deps.trace?.step(header.task, { name: 'commit', startMs, endMs: committedMs });
  const closed = closedRoundOf({ header, metrics, task }, contributions, deps);
  deps.trace?.step(header.task, { name: 'sign', startMs: committedMs, endMs: clock.nowMs() });
  return { ...closed, ...why };
}

/**
 * The signed form of a durable header, with the results that its contributions give. `task` is shown to a node whose
 * receipt is for an earlier one: its weight is counted in the unit of this round.
 */
export function closedRoundOf(
  { header, metrics, task }: Pick<ClosedRound, 'header' | 'metrics'> & { readonly task?: Task },
  contributions: readonly Contribution[],
  deps: Pick<RunDeps, 'sha256' | 'signer'>,
): ClosedRound {
  const { sha256, signer } = deps;
  const { wire } = signRecord(HEADER, header, signer);
  const leaves = contributions.map((contribution) => contribOf(sha256, contribution));
  let inclusions: ReadonlyMap<NodeId, Inclusion> | undefined;
  return {
    header,
    headerHash: recordHash(sha256, HEADER, header),
    wire,
    metrics,
    resultFor: (node) => {
      inclusions ??= inclusionsOf(sha256, leaves);
      const inclusion = inclusions.get(node);
      if (inclusion === undefined) return { header: { header, wire } };
      const isStale = contributions[inclusion.index]?.receipt.round !== header.round;
      const signed =
        task && isStale ? { task, wire: signRecord(TASK, task, signer).wire } : undefined;
      return { header: { header, wire }, inclusion, ...(signed && { task: signed }) };
    },
  };
}
