import type { ConsoleOutput } from '../console-output.js';
import type { Comparison } from './comparison.js';

const share = (value: number): string =>
  Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`;

/** Accuracy per site against training alone and against all rows in one place. */
export function sayComparison(output: ConsoleOutput, comparison: Comparison): void {
  output.table(
    ['site', 'train rows', 'test rows', 'federated', 'alone'],
    comparison.sites.map(({ name, train, test, accuracy, localAccuracy }) => [
      name,
      String(train),
      String(test),
      share(accuracy),
      share(localAccuracy),
    ]),
  );
  const mean =
    comparison.sites.reduce((sum, site) => sum + site.accuracy, 0) / comparison.sites.length;
  output.say(
    `mean of the sites ${share(mean)}; with all rows in one place (which no site allows) ${share(comparison.pooledAccuracy)}`,
  );
}
