import type { RunHistory } from './run-history.js';
import { seriesOf } from './series-of.js';

/** Columns of `tally run export --csv`: one row per round and series, the whole history, nothing sampled. */
export const ROUND_COLUMNS: readonly string[] = ['run', 'round', 'series', 'metric', 'value'];

/** Long form, which every plotting tool takes: the rows of {@link ROUND_COLUMNS}. */
export function roundRows(history: RunHistory): readonly (readonly (string | number | null)[])[] {
  return seriesOf(history).flatMap(({ name, points }) =>
    points.map(({ round, tag, value }) => [history.view.run, round, name, tag, value]),
  );
}
