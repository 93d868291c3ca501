import type { RoundLedger } from '@tallystick/chain';
import type { Logger, RunId } from '@tallystick/kernel';
import type { VoidSpan } from '@tallystick/rounds';
import type { RunRows } from '../persistence/run-rows.js';
import type { Voids } from '../persistence/void-rows.js';

export interface TakeVoidsDeps {
  readonly ledger: Pick<RoundLedger, 'voids'>;
  readonly runs: Pick<RunRows, 'known'>;
  readonly voids: Voids;
  readonly logger: Logger;
}

/**
 * Stores what the chain has voided since the last look, whatever became of the runs meanwhile, and tells which ones it
 * touches. One question to the chain when there is nothing new.
 */
export async function takeVoids(deps: TakeVoidsDeps): Promise<readonly RunId[]> {
  const { ledger, runs, voids, logger } = deps;
  const chain = await ledger.voids();
  if (chain.size === 0) return [];
  const known = await runs.known();
  const ours = [...chain].filter(([run]) => known.has(run));
  const stored = await voids.ofRuns(ours.map(([run]) => run));
  const touched: RunId[] = [];
  for (const [run, spans] of ours) {
    if (textOf(spans) === textOf(stored.get(run) ?? [])) continue;
    await voids.take(run, spans);
    touched.push(run);
    logger.warn('ledger.voided', { run, spans: textOf(spans) });
  }
  return touched;
}

function textOf(spans: readonly VoidSpan[]): string {
  return spans.map(({ from, until }) => `${from} to ${until - 1}`).join(', ');
}
