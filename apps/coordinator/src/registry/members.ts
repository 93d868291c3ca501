import type { NodeId } from '@tallystick/kernel';
import type { EligibleNode, LedgerView } from '@tallystick/rounds';

/** Who may take part, as the newest finalised block says. One read of the chain per block, however many ask. */
export class Members {
  #block: string | undefined;
  #nodes: Promise<ReadonlyMap<NodeId, EligibleNode>> = Promise.resolve(new Map());
  readonly #ledger: LedgerView;

  constructor(ledger: LedgerView) {
    this.#ledger = ledger;
  }

  async find(node: NodeId): Promise<EligibleNode | undefined> {
    const block = await this.#ledger.finalized();
    if (block.hash !== this.#block) {
      this.#block = block.hash;
      this.#nodes = this.#ledger
        .eligible(block)
        .then((nodes) => new Map(nodes.map((member) => [member.node, member])));
      this.#nodes.catch(() => (this.#block = undefined)); // asked again next time
    }
    return (await this.#nodes).get(node);
  }
}
