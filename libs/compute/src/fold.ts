import { addToTotals, aggregate, NO_TOTALS } from '@tallystick/aggregation';
import { type Hash, TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import type { Folder, FoldResult, FoldSpec, Inspection, Weighted } from '@tallystick/rounds';
import type { FoldEngine } from './fold-engine.js';
import { InOrder } from './in-order.js';

interface Waiting {
  readonly contribution: Weighted;
}

/**
 * One fold. A weighted mean is summed while contributions come; a rule that needs all of them (protocol.md §1.8) only
 * notes them and works when the round ends. `add`, `rebuild` and `finish` run one after another, whatever the caller
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
        await this.#fold(this.#takeFrom(waiting));
        this.#resume();
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
      this.#engine.clear();
      this.#noted.length = 0;
      this.#totals = NO_TOTALS;
      for (const contribution of contributions) {
        const inspection = await this.inspect(contribution.update);
        if (!inspection.ok) throw new TallyError('UPDATE_MALFORMED', { reason: inspection.reason });
        this.#totals = addToTotals(this.#totals, contribution);
        await this.#fold([contribution]);
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
      const divisor = needsAll(this.#spec) ? await this.#aggregate() : sumWeight;
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
        this.#totals = addToTotals(this.#totals, each.contribution);
      } catch (error) {
        if (taken.length === 0) throw error;
        break;
      }
      waiting.delete(each);
      taken.push(each.contribution);
      if (needsAll(this.#spec)) break;
    }
    return taken;
  }

  /** Leaves the fold broken until the caller resumes it. */
  async #fold(contributions: readonly Weighted[]): Promise<void> {
    if (needsAll(this.#spec)) {
      for (const contribution of contributions) this.#note(contribution);
      return;
    }
    // Some lanes may have added when another fails.
    this.#phase = 'broken';
    await this.#engine.add(
      contributions.map(({ update, weight }) => ({ update, weight: Number(weight) })),
    );
  }

  #note(contribution: Weighted): void {
    if (this.#noted.length >= LIMITS.maxCompared) {
      throw new TallyError('INTERNAL_OVERFLOW', {
        what: 'updates of a round with a robust rule or a clip',
        limit: LIMITS.maxCompared,
      });
    }
    this.#noted.push(contribution);
  }

  /** Returns what the step divides by. Sorted by node, so that arrival decides nothing. */
  async #aggregate(): Promise<bigint> {
    const updates = [...this.#noted].sort((a, b) => a.node - b.node);
    const passes = await this.#engine.gather(updates.map(({ update }) => update));
    const weights = updates.map(({ weight }) => Number(weight));
    return aggregate(this.#spec, weights, passes);
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

/** A clip needs a pass over an update before it can be added: simplest when all are there. */
function needsAll({ robust, clipNorm }: FoldSpec): boolean {
  return robust !== undefined || clipNorm !== undefined;
}
