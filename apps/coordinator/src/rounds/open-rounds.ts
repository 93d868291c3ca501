import type { RoundRows } from '../persistence/round-rows.js';

/** Which rounds are open, by their durable rows: also those of runs that play in no process. */
export class OpenRounds {
  readonly #rows: RoundRows;

  constructor(rows: RoundRows) {
    this.#rows = rows;
  }

  /** Each as `run-round`. */
  async names(): Promise<ReadonlySet<string>> {
    return new Set((await this.#rows.openRounds()).map(({ run, round }) => `${run}-${round}`));
  }
}
