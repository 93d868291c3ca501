import type { Hash } from '@tallystick/kernel';
import { type EpochSpan, HISTORY_CHANGES } from '@tallystick/payout';
import type { RoundFiles } from './load-scored-round.js';

/** A committed round: the model of its task, and its leaves; none when it closed empty. */
export type CommittedFiles = Omit<RoundFiles, 'earlier'>;

/**
 * The rounds of an epoch that have contributions, each with the models before its own that differ from one another,
 * newest first.
 * @param rounds of the run from round 0 to the epoch's last, in order
 */
export function scoredFiles(
  rounds: readonly CommittedFiles[],
  { firstRound, lastRound }: Pick<EpochSpan, 'firstRound' | 'lastRound'>,
): readonly RoundFiles[] {
  const models: Hash[] = []; // newest first
  const scored: RoundFiles[] = [];
  for (const files of rounds) {
    if (files.model !== models[0]) models.unshift(files.model);
    models.length = Math.min(models.length, HISTORY_CHANGES + 1);
    const isInside = firstRound <= files.round && files.round <= lastRound;
    if (isInside && files.contributions.length > 0) {
      scored.push({ ...files, earlier: models.slice(1) });
    }
  }
  return scored;
}
