import { EPOCH } from '@tallystick/record';
import { epochPath } from '../bundle/layout.js';
import { demand } from '../findings.js';
import type { History } from '../history.js';
import { isSigned } from './signed-by.js';

/**
 * The record of every settled epoch, which is the one that the chain holds (read-history.ts), carries a signature of the
 * coordinator key that signed its last round, or of a later one: the key may have changed before the settlement.
 */
export function checkEpochs({ epochs, run }: History): void {
  for (const [epoch, { record }] of epochs.entries()) {
    const { lastRound } = record.value;
    const from = run.coordinatorKeys.findLastIndex(({ fromRound }) => fromRound <= lastRound);
    const keys = run.coordinatorKeys.slice(Math.max(0, from)).map(({ key }) => key);
    const place = { record: epochPath(epoch, 'epoch.bin'), by: 'holder of the files' } as const;
    const isIt = keys.some((key) => isSigned(EPOCH, record, key));
    demand(isIt, place, `signed by ${keys.join(' or ')}`, 'another signature');
  }
}
