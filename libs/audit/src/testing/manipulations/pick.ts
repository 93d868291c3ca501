import type { RoundEvidence } from '../../bundle/round-evidence.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';

/** A round in the middle: it counts and another one follows. */
export function middleRound({ rounds }: TamperedBundle): RoundEvidence {
  const found = rounds.slice(0, -1).findLast(({ leaves }) => leaves.length > 1);
  if (found === undefined) throw new Error('the bundle has no round that counts before its last');
  return found;
}

/** The last round, which counts. */
export function lastRound({ rounds }: Pick<TamperedBundle, 'rounds'>): RoundEvidence {
  const last = rounds.at(-1);
  if (last === undefined || last.leaves.length < 2)
    throw new Error('the last round does not count');
  return last;
}

/** The first round with an exclusion, if any. */
export function roundWithExclusion({ rounds }: TamperedBundle): RoundEvidence | undefined {
  return rounds.find(({ excluded }) => excluded.length > 0);
}

/** The first round with a signed decline, if any. */
export function roundWithDecline({ rounds }: TamperedBundle): RoundEvidence | undefined {
  return rounds.find(({ declines }) => declines.length > 0);
}

/** An item that must be there. */
export function the<T>(item: T | undefined): T {
  if (item === undefined) throw new Error('the bundle is not what the manipulation needs');
  return item;
}
