import { type Clock, type NodeId, TallyError, type Timer } from '@tallystick/kernel';
import type { SessionTokens } from '../auth/session-tokens.js';
import type { NodeSession } from './node-session.js';

/** The members are looked at this often: somebody else may have revoked a node, or suspended an organisation. */
const LOOK_MS = 5_000;

export interface EvictionsDeps {
  readonly members: { all(): Promise<ReadonlyMap<NodeId, unknown>> };
  readonly sessions: { find(node: NodeId): Pick<NodeSession, 'fail'> | undefined };
  readonly tokens: Pick<SessionTokens, 'end'>;
  readonly clock: Clock;
}

/** Takes from a node that takes part no more what it still has here: its session and its token. */
export class Evictions {
  readonly #deps: EvictionsDeps;
  #members: ReadonlyMap<NodeId, unknown> = new Map();
  #timer: Timer | undefined;

  constructor(deps: EvictionsDeps) {
    this.#deps = deps;
  }

  evict(node: NodeId): void {
    const { sessions, tokens } = this.#deps;
    tokens.end(node);
    sessions.find(node)?.fail(new TallyError('AUTH_NODE_REVOKED', { node }));
  }

  /** Looks from now on. */
  start(): void {
    this.#timer = this.#deps.clock.after(LOOK_MS, () => {
      void this.#look().finally(() => {
        if (this.#timer !== undefined) this.start();
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** While the chain is away nobody is evicted: what it last said holds. */
  async #look(): Promise<void> {
    const before = this.#members;
    const now = await this.#deps.members.all().catch(() => before);
    this.#members = now;
    if (now === before) return;
    for (const node of before.keys()) {
      if (!now.has(node)) this.evict(node);
    }
  }
}
