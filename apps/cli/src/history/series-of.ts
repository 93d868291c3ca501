import type { RoundView } from '@tallystick/protocol';
import type { RunHistory } from './run-history.js';

/** One measurement: value of `tag` in `round`, at the time the round was closed. */
export interface Point {
  readonly round: number;
  readonly atMs: number;
  readonly tag: string;
  readonly value: number;
}

/** What one site measured, or all of them together (`pooled`). */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** Name of the series of the whole federation. */
export const POOLED = 'pooled';

/** Nano-units → units. */
const NANO = 1e9;

/**
 * The scalars of a run: `pooled` first, then one series per site by name. `train/*` is what the header holds (weighted by
 * the contributions), `test/*` what each site measured on its own test rows; pooled, weighted by their number of rows.
 */
export function seriesOf(history: RunHistory): readonly Series[] {
  const { rounds } = history;
  const nodes = new Set(rounds.flatMap((round) => round.evaluations.map(({ node }) => node)));
  const sites = [...nodes].map((node) => ({ node, name: siteName(history, node) }));
  return [
    { name: POOLED, points: rounds.flatMap((round, i) => pooled(round, rounds[i - 1])) },
    ...sites
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ node, name }) => ({
        name,
        points: rounds.flatMap((round) => measuredBy(node, round)),
      })),
  ];
}

/** A site that calls itself `pooled` must not be taken for all of them. */
function siteName(history: RunHistory, node: number): string {
  const name = history.nameOf(node);
  return name === POOLED ? `${name}-${node}` : name;
}

function pooled(round: RoundView, before: RoundView | undefined): readonly Point[] {
  const train = Object.entries(round.metrics).map(
    ([name, nano]) => [`train/${name}`, nano / NANO] as const,
  );
  const seconds = secondsOf(round, before);
  const counts: readonly (readonly [string, number])[] = [
    ['round/included', round.included],
    ['round/weight', Number(round.sumWeight)],
    ...(seconds === null ? [] : [['round/seconds', seconds] as const]),
  ];
  const test = Object.entries(testMetrics(round)).map(
    ([name, value]) => [`test/${name}`, value] as const,
  );
  return pointsOf(round, [...train, ...test, ...counts]);
}

function measuredBy(node: number, round: RoundView): readonly Point[] {
  const own = round.evaluations.find((evaluation) => evaluation.node === node);
  const metrics = Object.entries(own?.metrics ?? {});
  return pointsOf(
    round,
    metrics.map(([name, nano]) => [`test/${name}`, nano / NANO] as const),
  );
}

function pointsOf(
  { round, closedAtMs }: RoundView,
  values: readonly (readonly [string, number])[],
): readonly Point[] {
  return values.map(([tag, value]) => ({ round, atMs: closedAtMs, tag, value }));
}

/** The sites' test metrics, weighted by their rows; a site without the metric does not count for it. */
export function testMetrics({ evaluations }: RoundView): Readonly<Record<string, number>> {
  const sums = new Map<string, { sum: number; rows: number }>();
  for (const { numExamples, metrics } of evaluations) {
    for (const [name, nano] of Object.entries(metrics)) {
      const { sum, rows } = sums.get(name) ?? { sum: 0, rows: 0 };
      sums.set(name, { sum: sum + (nano / NANO) * numExamples, rows: rows + numExamples });
    }
  }
  const means = [...sums].flatMap(([name, { sum, rows }]) =>
    rows === 0 ? [] : [[name, sum / rows] as const],
  );
  return Object.fromEntries(means);
}

/** Seconds between two closings; null for the first round, before which nothing was closed. */
export function secondsOf(round: RoundView, before: RoundView | undefined): number | null {
  return before === undefined ? null : (round.closedAtMs - before.closedAtMs) / 1000;
}
