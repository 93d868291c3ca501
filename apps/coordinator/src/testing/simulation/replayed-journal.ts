import { asRunId, type RunId } from '@tallystick/kernel';
import {
  type CloseRound,
  type ContributionRow,
  type DeclineRow,
  InMemoryJournal,
  isVoid,
  type OpenRound,
  type RunState,
  type VoidSpan,
} from '@tallystick/rounds';
import type { VoidableJournal } from './sim-database.js';

/** For the mutants: a journal of closed rounds that can forget the one that is open, as the real ones never do. */
export class ReplayedJournal implements VoidableJournal {
  #inner = new InMemoryJournal();
  #open: OpenRound | undefined;
  #rows: ContributionRow[] = [];
  #voids: { readonly run: RunId; readonly voids: readonly VoidSpan[] } = {
    run: asRunId(0),
    voids: [],
  };
  readonly #past: { open: OpenRound; rows: readonly ContributionRow[]; closed: CloseRound }[] = [];
  readonly #forgetsEmpty: boolean;
  readonly #forgetsOpen: boolean;

  constructor(forgets: 'empty rounds' | 'open rounds') {
    this.#forgetsEmpty = forgets === 'empty rounds';
    this.#forgetsOpen = forgets === 'open rounds';
  }

  async load(run: RunId, recent?: number): Promise<RunState> {
    if (this.#forgetsOpen && this.#open !== undefined) await this.#replay();
    return this.#inner.load(run, recent);
  }

  async open(open: OpenRound): Promise<void> {
    await this.#inner.open(open);
    this.#open = open;
    this.#rows = [];
  }

  async append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void> {
    await this.#inner.append(run, round, rows);
    this.#rows.push(...rows);
  }

  decline(run: RunId, round: number, row: DeclineRow): Promise<void> {
    return this.#inner.decline(run, round, row);
  }

  async close(closed: CloseRound): Promise<void> {
    await this.#inner.close(closed);
    if (this.#open === undefined) return;
    if (this.#forgetsEmpty && closed.header.included === 0) return this.#replay();
    this.#past.push({ open: this.#open, rows: this.#rows, closed });
    this.#open = undefined;
  }

  voided(run: RunId, voids: readonly VoidSpan[]): void {
    this.#voids = { run, voids };
    this.#inner.voided(run, voids);
  }

  async #replay(): Promise<void> {
    this.#inner = new InMemoryJournal();
    this.#inner.voided(this.#voids.run, this.#voids.voids);
    this.#open = undefined;
    for (const { open, rows, closed } of this.#past) {
      if (isVoid(this.#voids.voids, open.round)) continue;
      await this.#inner.open(open);
      await this.#inner.append(closed.run, closed.round, rows);
      await this.#inner.close(closed);
    }
  }
}
