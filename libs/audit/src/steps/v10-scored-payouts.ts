import { payoutOf } from '@tallystick/protocol';
import type { History } from '../history.js';
import { checkSheet } from './score-sheets.js';
import { checkEntitlements } from './v10-payouts.js';

/**
 * V10: the scores of every settled epoch of a run that pays by contribution follow from updates and published
 * measurements, and its entitlements from those (v10-payouts.ts). Returns the number of entitlements.
 */
export async function checkPayouts(history: History): Promise<number> {
  if (payoutOf(history.spec).policy === 'contribution') {
    for (const epoch of history.epochs.keys()) await checkSheet(history, epoch);
  }
  return checkEntitlements(history);
}
