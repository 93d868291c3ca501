import {
  decodeModel,
  decodeUpdate,
  DENSE_I32,
  encodeModel,
  encodeState,
  type Manifest,
  referenceSum,
  type ServerState,
  type Strategy,
  takeStep,
} from '@tallystick/aggregation';
import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { ContributionRow } from '@tallystick/rounds';

/** Model and state after a round. */
export interface Folded {
  readonly model: Hash;
  readonly state: Hash;
}

/** What every round must come to: the plain sum of its rows in unbounded integers, then the server step. */
export class FoldOracle {
  /** Every update that a node ever sent, by its hash. */
  readonly updates = new Map<Hash, Uint8Array>();
  readonly #manifest: Manifest;
  readonly #strategy: Strategy;
  #weights: Float32Array;
  #state: ServerState | undefined;

  constructor(genesis: Uint8Array, strategy: Strategy) {
    const { manifest, weights } = decodeModel(sha256, genesis);
    this.#manifest = manifest;
    this.#weights = weights;
    this.#strategy = strategy;
  }

  /** Takes the step that these rows give. */
  fold(rows: readonly ContributionRow[]): Folded {
    const parts = rows.map(({ receipt, weight }) => {
      const bytes = this.updates.get(receipt.update) ?? new Uint8Array(0);
      return { values: decodeUpdate(bytes, this.#manifest, DENSE_I32), weight };
    });
    const step = takeStep({
      manifest: this.#manifest,
      model: this.#weights,
      sums: BigInt64Array.from(referenceSum(this.#manifest.d, parts)),
      sumWeight: rows.reduce((sum, { weight }) => sum + weight, 0n),
      strategy: this.#strategy,
      state: this.#state,
    });
    if (!step.ok) throw new RangeError('simulated training stays finite');
    this.#weights = step.model;
    this.#state = step.state;
    return {
      model: sha256(encodeModel(this.#manifest, step.model)),
      state: step.state === undefined ? ZERO_HASH : sha256(encodeState(this.#manifest, step.state)),
    };
  }
}
