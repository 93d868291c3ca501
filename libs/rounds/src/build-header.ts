import { type Hash, type Sha256, utf8, ZERO_HASH } from '@tallystick/kernel';
import {
  type Exclude,
  type Header,
  recordHash,
  type RoundMode,
  type Task,
  TASK,
} from '@tallystick/record';
import { roundMetrics } from './round-metrics.js';
import { type Contribution, contribOf, contribTreeOf, excludedRootOf } from './round-trees.js';

/** Everything a header is computed from. */
export interface HeaderParts {
  readonly mode: RoundMode;
  readonly task: Task;
  /** Ascending by node; empty for an empty round. */
  readonly contributions: readonly Contribution[];
  /** Ascending by node: each cohort node that has no contribution. */
  readonly exclusions: readonly Exclude[];
  readonly modelAfter: Hash;
  readonly stateAfter: Hash;
  readonly closedAtMs: bigint;
}

/** The header of a closed round (protocol.md §3.6 and §4); the auditor builds it from the same parts. */
export function buildHeader(sha256: Sha256, parts: HeaderParts): Header {
  const { task, contributions, exclusions } = parts;
  const leaves = contributions.map((contribution) => contribOf(sha256, contribution));
  const tree = leaves.length === 0 ? { root: ZERO_HASH, total: 0n } : contribTreeOf(sha256, leaves);
  return {
    chain: task.chain,
    mode: parts.mode,
    run: task.run,
    round: task.round,
    prev: task.prev,
    task: recordHash(sha256, TASK, task),
    atBlock: task.atBlock,
    modelBefore: task.model,
    modelAfter: parts.modelAfter,
    stateAfter: parts.stateAfter,
    contribRoot: tree.root,
    included: leaves.length,
    sumWeight: tree.total,
    excludedRoot: excludedRootOf(sha256, exclusions),
    excluded: exclusions.length,
    cohort: task.cohort,
    metrics: sha256(utf8(roundMetrics(contributions))),
    deadlineMs: task.deadlineMs,
    closedAtMs: parts.closedAtMs,
  };
}
