import { type Hash, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import { genesisHash } from './genesis-model.js';
import type { RunPlan } from './run-plan.js';
import { nextCounting, type VoidSpan } from './void-span.js';

/** Where a run stands between two rounds; a fold over the headers of the rounds that count. */
export interface Position {
  /** Number of the next round. */
  readonly round: number;
  /** Numbers that do not count, as far as the chain has said. */
  readonly voids: readonly VoidSpan[];
  /** Rounds before it that count, empty ones included. */
  readonly closed: number;
  /** Those that were not empty; `rounds` of the spec is about these. */
  readonly nonEmpty: number;
  readonly emptyInRow: number;
  readonly prev: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly lastAtBlock: number;
  readonly lastClosedAtMs: bigint;
}

/** Before the first round that counts. */
export function startOf(sha256: Sha256, plan: RunPlan, voids: readonly VoidSpan[] = []): Position {
  const { chain, run, specHash: spec, genesisModel: model } = plan;
  return {
    round: nextCounting(voids, 0),
    voids,
    closed: 0,
    nonEmpty: 0,
    emptyInRow: 0,
    prev: genesisHash(sha256, { chain, run, spec, model }),
    model,
    state: ZERO_HASH,
    lastAtBlock: 0,
    lastClosedAtMs: 0n,
  };
}

/** After `header`. */
export function advance(sha256: Sha256, position: Position, header: Header): Position {
  const isEmpty = header.included === 0;
  return {
    round: nextCounting(position.voids, header.round + 1),
    voids: position.voids,
    closed: position.closed + 1,
    nonEmpty: position.nonEmpty + (isEmpty ? 0 : 1),
    emptyInRow: isEmpty ? position.emptyInRow + 1 : 0,
    prev: recordHash(sha256, HEADER, header),
    model: header.modelAfter,
    state: header.stateAfter,
    lastAtBlock: header.atBlock,
    lastClosedAtMs: header.closedAtMs,
  };
}
