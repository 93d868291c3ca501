import { type NodeId, TallyError } from '@tallystick/kernel';
import type { NodeSession } from './node-session.js';

/** The live session of each node: one, and the newer one wins. */
export class Sessions {
  readonly #byNode = new Map<NodeId, NodeSession>();

  get size(): number {
    return this.#byNode.size;
  }

  find(node: NodeId): NodeSession | undefined {
    return this.#byNode.get(node);
  }

  all(): Iterable<NodeSession> {
    return this.#byNode.values();
  }

  enter(session: NodeSession): void {
    const { node } = session;
    const older = this.#byNode.get(node);
    this.#byNode.set(node, session);
    older?.fail(new TallyError('PROTO_REPLACED', { node }));
  }

  /** Forgets the session unless a newer one took its place. */
  leave(session: NodeSession): void {
    if (this.#byNode.get(session.node) === session) this.#byNode.delete(session.node);
  }
}
