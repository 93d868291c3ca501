import type { Clock, NodeId } from '@tallystick/kernel';
import type { EligibleNode, LedgerView } from '@tallystick/rounds';

/** The newest block is asked for at most this often, however many nodes come at once. */
const FRESH_MS = 250;

type ByNode = ReadonlyMap<NodeId, EligibleNode>;

/** Who may take part, as the newest finalised block says. One read of the nodes per block. */
export class Members {
  readonly #ledger: LedgerView;
  readonly #clock: Clock;
  #block: string | undefined;
  #nodes: Promise<ByNode> = Promise.resolve(new Map());
  #look: Promise<ByNode> | undefined;
  #lookedAtMs = 0;

  constructor(ledger: LedgerView, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** A node that is not there may have been admitted just now: then the chain is asked again. */
  async find(node: NodeId): Promise<EligibleNode | undefined> {
    return (await this.all()).get(node) ?? (await this.#lookAgain()).get(node);
  }

  /** What is found from now on is of the newest finalised block. */
  async refresh(): Promise<void> {
    await this.#lookAgain();
  }

  /** Everybody, at most 250 ms old. Rejects while the chain is away. */
  all(): Promise<ByNode> {
    const isFresh = this.#clock.nowMs() - this.#lookedAtMs < FRESH_MS;
    return isFresh && this.#look !== undefined ? this.#look : this.#lookAgain();
  }

  #lookAgain(): Promise<ByNode> {
    const look = this.#read();
    this.#look = look;
    this.#lookedAtMs = this.#clock.nowMs();
    look.catch(() => {
      if (this.#look === look) this.#look = undefined; // asked again next time
    });
    return look;
  }

  async #read(): Promise<ByNode> {
    const block = await this.#ledger.finalized();
    if (block.hash !== this.#block) {
      const nodes = this.#ledger
        .eligible(block)
        .then((members) => new Map(members.map((member) => [member.node, member])));
      this.#block = block.hash;
      this.#nodes = nodes;
      nodes.catch(() => {
        if (this.#nodes === nodes) this.#block = undefined;
      });
    }
    return this.#nodes;
  }
}
