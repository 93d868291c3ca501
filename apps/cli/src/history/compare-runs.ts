import { flatSpec } from './flat-spec.js';
import type { RunHistory } from './run-history.js';
import { testMetrics } from './series-of.js';

/** One row: a field of the spec or a result, and its value in each run; a missing value is `–`. */
export interface ComparedRow {
  readonly field: string;
  readonly values: readonly string[];
  readonly differs: boolean;
}

export const MISSING = '–';

/** Results first, then the spec's fields in the order in which the runs name them. */
export function compareRuns(runs: readonly RunHistory[]): readonly ComparedRow[] {
  const columns = runs.map((run) => new Map([...resultsOf(run), ...flatSpec(run.spec)]));
  const fields = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  return fields.map((field) => {
    const values = columns.map((column) => column.get(field) ?? MISSING);
    return { field, values, differs: new Set(values).size > 1 };
  });
}

function resultsOf({ view, rounds }: RunHistory): readonly (readonly [string, string])[] {
  const last = rounds.at(-1);
  const test = last === undefined ? {} : testMetrics(last);
  return [
    ['result.status', view.status],
    ['result.rounds', String(view.closedRounds)],
    ['result.onChain', String(view.committedRounds)],
    ['result.bestLoss', view.best === null ? MISSING : fixed(view.best.loss / 1e9)],
    ['result.bestRound', view.best === null ? MISSING : String(view.best.round)],
    ...Object.entries(test).map(([name, value]) => [`result.test.${name}`, fixed(value)] as const),
    ['result.seconds', secondsOf(view)],
    ['result.model', view.model.slice(0, 16)],
  ];
}

/** Six decimals: more than the sites' measurements are worth, and the same width in every column. */
const fixed = (value: number): string => value.toFixed(6);

function secondsOf({ createdAtMs, endedAtMs }: RunHistory['view']): string {
  return endedAtMs === null ? MISSING : ((endedAtMs - createdAtMs) / 1000).toFixed(1);
}
