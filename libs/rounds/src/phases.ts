/** Where a round stands. `anchoring` and later are decided by the chain, not by the actor. */
export type Phase =
  'opening' | 'collecting' | 'aggregating' | 'anchoring' | 'committed' | 'void' | 'cancelled';

/** The only moves there are; the diagram in docs/architecture.md is generated from it. */
export const TRANSITIONS: Readonly<Record<Phase, readonly Phase[]>> = {
  opening: ['collecting', 'cancelled'],
  collecting: ['aggregating', 'cancelled'],
  aggregating: ['anchoring', 'cancelled'],
  anchoring: ['committed', 'void', 'cancelled'],
  committed: [],
  void: [],
  cancelled: [],
};
