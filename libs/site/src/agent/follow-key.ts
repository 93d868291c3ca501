import { type PublicKey, TallyError } from '@tallystick/kernel';
import type { LineOf } from '../log/log-line.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import type { ChainView } from './anchor-watch.js';
import type { RunKey } from './pinned-key.js';

/** Keys of runs in one identity line; each takes 110 bytes of it. A site with more joins anew. */
export const MAX_RUN_KEYS = 4_096;

/**
 * The identity with which a site goes on when its coordinator shows another key than the pinned one: the key that took
 * the pinned one's place on the chain, in a run that this site knows. Nothing that the coordinator says counts. Rejects
 * with AUTH_COORDINATOR_KEY when the chain names no such key, or several, and with LEDGER_*.
 */
export async function followKey(
  log: Pick<ReceiptLog, 'identity' | 'runs'>,
  chain: Pick<ChainView, 'coordinatorKeys'>,
): Promise<LineOf<'identity'>> {
  const { identity } = log;
  if (identity === undefined) throw new RangeError('the first line must be an identity');
  const { coordinatorKey: pinned } = identity;
  const successors = new Set<PublicKey>();
  const runKeys: RunKey[] = [];
  for (const run of log.runs) {
    const keys = await chain.coordinatorKeys(run);
    runKeys.push(...keys.map((entry) => ({ run, ...entry })));
    const last = keys.at(-1)?.key;
    if (keys.some(({ key }) => key === pinned) && last !== undefined) successors.add(last);
  }
  successors.delete(pinned);
  const [coordinatorKey] = successors;
  if (coordinatorKey === undefined || successors.size > 1 || runKeys.length > MAX_RUN_KEYS) {
    throw new TallyError('AUTH_COORDINATOR_KEY', { shown: shownOf(successors), pinned });
  }
  // a run that the new key signs from its first round needs no entry
  const others = new Set(runKeys.filter(({ key }) => key !== coordinatorKey).map(({ run }) => run));
  return { ...identity, coordinatorKey, runKeys: runKeys.filter(({ run }) => others.has(run)) };
}

function shownOf(successors: ReadonlySet<PublicKey>): string {
  return successors.size === 0
    ? 'one that the chain names in no run of this site'
    : [...successors].join(', ');
}
