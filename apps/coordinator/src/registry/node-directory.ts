import type { NodeId, RunId } from '@tallystick/kernel';
import type { NodeView } from '@tallystick/protocol';
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

  constructor(deps: { readonly rows: NodeRows; readonly members: Members }) {
    this.#rows = deps.rows;
    this.#members = deps.members;
  }

  /** Every node; `seenAtMs` tells of those that are connected. */
  async views(seenAtMs: (node: NodeId) => number | undefined): Promise<NodeView[]> {
    const [rows, members] = await Promise.all([this.#rows.list(), this.#members.all()]);
    return rows.map((row) => {
      const { id } = row.node;
      return nodeView(row, { member: members.get(id), seenAtMs: seenAtMs(id) });
    });
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
