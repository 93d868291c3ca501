import type { LocalSpec } from '@tallystick/protocol';

/** Steps of SGD that one local training takes on `numExamples` train rows; the short last batch counts. */
export function localSteps(
  { steps, epochs = 1, batchSize }: Pick<LocalSpec, 'steps' | 'epochs' | 'batchSize'>,
  numExamples: bigint | number,
): number {
  return steps ?? epochs * Math.ceil(Number(numExamples) / batchSize);
}
