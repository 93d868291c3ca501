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

/** What a step starts from. */
interface Standing {
  readonly weights: Float32Array;
  readonly state: ServerState | undefined;
}

/** What every round must come to: the plain sum of its rows in unbounded integers, then the server step. */
export class FoldOracle {
  /** Every update that a node ever sent, by its hash. */
  readonly updates = new Map<Hash, Uint8Array>();
  readonly #manifest: Manifest;
  readonly #strategy: Strategy;
  readonly #genesis: Standing;
  /** After each round that was not empty. */
  readonly #after = new Map<number, Standing>();
  #now: Standing;

  constructor(genesis: Uint8Array, strategy: Strategy) {
    const { manifest, weights } = decodeModel(sha256, genesis);
    this.#manifest = manifest;
    this.#genesis = { weights, state: undefined };
    this.#now = this.#genesis;
    this.#strategy = strategy;
  }

  /** The rounds after `round` count no more; without one, none does. */
  goBack(round: number | undefined): void {
    const rounds = [...this.#after.keys()].filter((one) => one <= (round ?? -1));
    const newest = rounds.length === 0 ? undefined : this.#after.get(Math.max(...rounds));
    this.#now = newest ?? this.#genesis;
  }

  /** Takes the step that these rows give in `round`. */
  fold(round: number, rows: readonly ContributionRow[]): Folded {
    const parts = rows.map(({ receipt, weight }) => {
      const bytes = this.updates.get(receipt.update) ?? new Uint8Array(0);
      return { values: decodeUpdate(bytes, this.#manifest, DENSE_I32), weight };
    });
    const step = takeStep({
      manifest: this.#manifest,
      model: this.#now.weights,
      sums: BigInt64Array.from(referenceSum(this.#manifest.d, parts)),
      sumWeight: rows.reduce((sum, { weight }) => sum + weight, 0n),
      strategy: this.#strategy,
      state: this.#now.state,
    });
    if (!step.ok) throw new RangeError('simulated training stays finite');
    this.#now = { weights: step.model, state: step.state };
    this.#after.set(round, this.#now);
    return {
      model: sha256(encodeModel(this.#manifest, step.model)),
      state: step.state === undefined ? ZERO_HASH : sha256(encodeState(this.#manifest, step.state)),
    };
  }
}
