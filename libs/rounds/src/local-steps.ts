import type { LocalSpec, RunSpec } from '@tallystick/protocol';

/** Steps of SGD that one local training takes on `numExamples` train rows; the short last batch counts. */
export function localSteps(
  { steps, epochs = 1, batchSize }: Pick<LocalSpec, 'steps' | 'epochs' | 'batchSize'>,
  numExamples: number,
): number {
  return steps ?? epochs * Math.ceil(numExamples / batchSize);
}

/**
 * τ of FedNova (arXiv 2007.07481): the local steps behind an update, which the node divides by and the server
 * multiplies by. Rows above the run's cap do not count, so that a node cannot buy influence by declaring more.
 */
export function countedSteps(
  { local, numeric }: Pick<RunSpec, 'local' | 'numeric'>,
  numExamples: bigint,
): number {
  const cap = BigInt(numeric.cap);
  return localSteps(local, Number(numExamples < cap ? numExamples : cap));
}
