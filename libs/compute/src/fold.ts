import { addToTotals, aggregate, NO_TOTALS, type RobustRule } from '@tallystick/aggregation';
import { type Hash, TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import type { Folder, FoldResult, FoldSpec, Inspection, Weighted } from '@tallystick/rounds';
import type { FoldEngine, Part } from './fold-engine.js';
import { InOrder } from './in-order.js';

interface Waiting {
  readonly contribution: Weighted;
}

/**
 * One fold. A weighted mean, clipped or not, is summed while contributions come; a robust rule (protocol.md §1.8) needs
 * all of them, so they are only noted until the round ends. `add`, `rebuild` and `finish` run one after another, whatever the caller
 * does; inspections run beside them. After a failed `add` or `rebuild` the sums are unknown: only `rebuild` and
 * `close` are answered.
 */
export class Fold implements Folder {
  readonly #spec: FoldSpec;
  readonly #engine: FoldEngine;
  readonly #order = new InOrder();
  readonly #noted: Weighted[] = [];
  #totals = NO_TOTALS;
  /** Contributions whose turn has not come; the first turn takes them all. */
  #waiting = new Set<Waiting>();
  /** False while the sums are the zeros they began as: a round that begins need not write them. */
  #isTouched = false;
  #phase: 'folding' | 'broken' | 'finished' | 'closed' = 'folding';

  constructor(spec: FoldSpec, engine: FoldEngine) {
    this.#spec = spec;
    this.#engine = engine;
  }

  inspect(update: Hash): Promise<Inspection> {
    return this.#engine.inspect(update);
  }

  add(contribution: Weighted): Promise<void> {
    const waiting = this.#waiting;
    const own = { contribution };
    waiting.add(own);
    return this.#order.run(async () => {
      if (!waiting.has(own) && this.#phase === 'folding') return; // an earlier turn has added it
      try {
        this.#expectFolding();
        await this.#add(this.#takeFrom(waiting));
      } finally {
        waiting.delete(own);
      }
    });
  }

  rebuild(contributions: readonly Weighted[]): Promise<void> {
    this.#waiting = new Set();
    return this.#order.run(async () => {
      if (this.#phase !== 'broken') this.#expectFolding();
      this.#phase = 'broken';
      if (this.#isTouched) this.#engine.clear();
      this.#noted.length = 0;
      this.#totals = NO_TOTALS;
      for (const contribution of contributions) this.#count(contribution);
      this.#isTouched = contributions.length > 0;
      if (this.#spec.robust === undefined) {
        await this.#engine.addStored(contributions.map(partOf));
      } else {
        for (const { update } of contributions) await this.#demand(update);
      }
      this.#resume();
    });
  }

  finish(): Promise<FoldResult> {
    this.#waiting = new Set();
    return this.#order.run(async () => {
      this.#expectFolding();
      this.#phase = 'finished';
      const { sumWeight } = this.#totals;
      const { robust } = this.#spec;
      const divisor = robust === undefined ? sumWeight : await this.#aggregate(robust);
      const isFinite = await this.#engine.step({ ...this.#totals, sumWeight: divisor });
      if (!isFinite) return { ok: false, code: 'ROUND_MODEL_NOT_FINITE' };
      return { ok: true, ...(await this.#engine.store()), sumWeight };
    });
  }

  /** The raw sums so far, d int64: what auditors and tests compare. */
  sums(): Promise<BigInt64Array> {
    return this.#order.run(async () => this.#engine.sums());
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#engine.close();
  }

  /** Counts and takes what waits, up to one that cannot be counted; throws when that is the first: its turn has come. */
  #takeFrom(waiting: Set<Waiting>): readonly Weighted[] {
    const taken: Weighted[] = [];
    for (const each of waiting) {
      try {
        this.#count(each.contribution);
      } catch (error) {
        if (taken.length === 0) throw error;
        break;
      }
      waiting.delete(each);
      taken.push(each.contribution);
    }
    return taken;
  }

  async #add(contributions: readonly Weighted[]): Promise<void> {
    if (this.#spec.robust !== undefined) return;
    // Some lanes may have added when another fails.
    this.#phase = 'broken';
    this.#isTouched = true;
    await this.#engine.add(contributions.map(partOf));
    this.#resume();
  }

  /** Notes the contribution, all but its values; throws before anything is changed. */
  #count(contribution: Weighted): void {
    const totals = addToTotals(this.#totals, contribution);
    if (this.#spec.robust !== undefined) this.#note(contribution);
    this.#totals = totals;
  }

  #note(contribution: Weighted): void {
    if (this.#noted.length >= LIMITS.maxCompared) {
      throw new TallyError('INTERNAL_OVERFLOW', {
        what: 'updates of a round with a robust rule',
        limit: LIMITS.maxCompared,
      });
    }
    this.#noted.push(contribution);
  }

  /** Throws STORE_BLOB_DAMAGED or UPDATE_MALFORMED for a stored file that is not a canonical update. */
  async #demand(update: Hash): Promise<void> {
    const inspection = await this.#engine.inspectStored(update);
    if (!inspection.ok) throw new TallyError('UPDATE_MALFORMED', { reason: inspection.reason });
  }

  /** Returns what the step divides by. Sorted by node, so that arrival decides nothing. */
  async #aggregate(robust: RobustRule): Promise<bigint> {
    const updates = [...this.#noted].sort((a, b) => a.node - b.node);
    const passes = await this.#engine.gather(updates.map(({ update }) => update));
    const weights = updates.map(({ weight }) => Number(weight));
    return aggregate({ ...this.#spec, robust }, weights, passes);
  }

  /** All is added; unless the fold was closed meanwhile. */
  #resume(): void {
    if (this.#phase === 'broken') this.#phase = 'folding';
  }

  #expectFolding(): void {
    if (this.#phase === 'folding') return;
    throw new TallyError('INTERNAL', { reason: `the fold is ${this.#phase}` });
  }
}

function partOf({ update, weight }: Weighted): Part {
  return { update, weight: Number(weight) };
}
