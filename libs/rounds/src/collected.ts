import { type Hash, type NodeId, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import { ExclusionReason, receiptHash } from '@tallystick/record';
import type { RunSpec } from '@tallystick/protocol';
import type { ContributionRow, DeclineRow, ExclusionRow, OpenRound } from './ports/index.js';
import type { MissingNode } from './missing-nodes.js';
import type { Contribution } from './round-trees.js';

/** Why the window closes; `open` when it does not yet. */
export type WindowState = 'open' | 'enough' | 'too-few';

/**
 * What a round has received. Pure bookkeeping over at most one entry per cohort node and kind; the actor feeds it
 * only what is durable, except for `refuse`, which merely explains a later exclusion.
 */
export class Collected {
  readonly #open: OpenRound;
  readonly #contributions = new Map<NodeId, ContributionRow>();
  readonly #declines = new Map<NodeId, DeclineRow>();
  /** Why a node stands outside that was not heard of: in asynchronous rounds it may be at work. */
  readonly #unheard: ExclusionReason;
  readonly #refusals = new Map<NodeId, { receipt: Hash; reason: number }>();

  constructor(open: OpenRound, { asynchronous }: Pick<RunSpec, 'asynchronous'>) {
    this.#open = open;
    const { silent, pending } = ExclusionReason;
    this.#unheard = asynchronous === undefined ? silent : pending;
  }

  accept(row: ContributionRow): void {
    this.#contributions.set(row.node, row);
  }

  decline(row: DeclineRow): void {
    this.#declines.set(row.node, row);
  }

  /** Remembers why the newest receipt of a node was refused. */
  refuse(node: NodeId, receipt: Hash, reason: number): void {
    this.#refusals.set(node, { receipt, reason });
  }

  contribution(node: NodeId): ContributionRow | undefined {
    return this.#contributions.get(node);
  }

  hasAnswered(node: NodeId): boolean {
    return this.#contributions.has(node) || this.#declines.has(node);
  }

  get included(): number {
    return this.#contributions.size;
  }

  /** Cohort nodes that neither contributed nor declined, ascending. */
  waitingFor(): readonly NodeId[] {
    return this.#open.cohort
      .map(({ member }) => member.node)
      .filter((node) => !this.hasAnswered(node));
  }

  /** Cohort nodes without a contribution and what came of them, ascending. */
  missing(): readonly MissingNode[] {
    return this.#open.cohort
      .map(({ member }) => member.node)
      .filter((node) => !this.#contributions.has(node))
      .map((node) => ({
        node,
        declined: this.#declines.get(node),
        refused: this.#refusals.get(node)?.reason,
      }));
  }

  /** Protocol.md §3.6. `expired`: the deadline has passed. */
  window(window: RunSpec['window'], expired: boolean): WindowState {
    const max = window.count.max ?? this.#open.cohort.length;
    const decided = this.included >= max || expired || this.waitingFor().length === 0;
    if (!decided) return 'open';
    return this.included >= window.count.min ? 'enough' : 'too-few';
  }

  /** Everything taken in, in no order. */
  rows(): readonly ContributionRow[] {
    return [...this.#contributions.values()];
  }

  /** Ascending by node. */
  contributions(): readonly Contribution[] {
    return this.#open.cohort.flatMap(({ member }) => {
      const row = this.#contributions.get(member.node);
      if (row === undefined) return [];
      return [{ receipt: row.receipt, signature: row.receiptSignature, weight: row.weight }];
    });
  }

  /** Everyone in the cohort who is not counted, ascending by node; everyone when the round closes `empty`. */
  exclusions(sha256: Sha256, empty: boolean): readonly ExclusionRow[] {
    return this.#open.cohort.flatMap(({ member: { node } }): ExclusionRow[] => {
      const row = this.#contributions.get(node);
      if (row !== undefined) {
        if (!empty) return [];
        const receipt = receiptHash(sha256, row.receipt, row.receiptSignature);
        return [{ node, receipt, reason: ExclusionReason.quorum }];
      }
      if (this.#declines.has(node)) {
        return [{ node, receipt: ZERO_HASH, reason: ExclusionReason.declined }];
      }
      const refused = this.#refusals.get(node);
      return [
        {
          node,
          receipt: refused?.receipt ?? ZERO_HASH,
          reason: refused?.reason ?? this.#unheard,
        },
      ];
    });
  }
}
