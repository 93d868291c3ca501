import type { NodeId, RunId } from '@tallystick/kernel';
import type { NodeView } from '@tallystick/protocol';
import type { FigureRows } from '../persistence/figure-rows.js';
import type { NodeRows } from '../persistence/node-rows.js';
import type { Members } from './members.js';
import { nodeView } from './node-view.js';

/** A refused receipt. */
export interface Strike {
  readonly run: RunId;
  readonly round: number;
  readonly code: string;
}

/** The nodes that joined here, as other rooms see them. */
export class NodeDirectory {
  readonly #rows: NodeRows;
  readonly #members: Members;
  readonly #figures: Pick<FigureRows, 'speeds'>;

  constructor(deps: {
    readonly rows: NodeRows;
    readonly members: Members;
    readonly figures: Pick<FigureRows, 'speeds'>;
  }) {
    this.#rows = deps.rows;
    this.#members = deps.members;
    this.#figures = deps.figures;
  }

  /** Every node; `seenAtMs` tells of those that are connected. */
  async views(seenAtMs: (node: NodeId) => number | undefined): Promise<NodeView[]> {
    const [rows, members, figures] = await Promise.all([
      this.#rows.list(),
      this.#members.all(),
      this.#figures.speeds(),
    ]);
    const speeds = new Map(figures.map(({ node_id: node, round_ms: took }) => [node, took]));
    return rows.map((row) => {
      const { id } = row.node;
      return nodeView(row, {
        member: members.get(id),
        seenAtMs: seenAtMs(id),
        roundMs: speeds.get(id),
      });
    });
  }

  /** It was let in once. */
  wasAdmitted(node: NodeId): Promise<boolean> {
    return this.#rows.wasAdmitted(node);
  }

  /** Suspends the node, or lets it in again. Throws USAGE_UNKNOWN_NODE. */
  async suspend(node: NodeId, isSuspended: boolean): Promise<void> {
    await this.#rows.suspend(node, isSuspended);
  }

  isSuspended(node: NodeId): Promise<boolean> {
    return this.#rows.isSuspended(node);
  }

  /** The node was connected until now. */
  async seen(node: NodeId): Promise<void> {
    await this.#rows.seen(node);
  }

  /** Counts a protocol violation. */
  async strike(node: NodeId, strike: Strike): Promise<void> {
    await this.#rows.strike(node, strike);
  }
}
