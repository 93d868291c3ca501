import type { PublicKey, RunId } from '@tallystick/kernel';

/** Which coordinator key signs the rounds of a run from a round on. */
export interface RunKey {
  readonly run: RunId;
  readonly fromRound: number;
  readonly key: PublicKey;
}

/** The coordinator keys that a site believes. */
export interface PinnedKeys {
  /** Of greetings, and of every run that `runKeys` does not name. */
  readonly coordinatorKey: PublicKey;
  /** As the chain gave them when the site took over `coordinatorKey`; ascending within a run. */
  readonly runKeys?: readonly RunKey[] | undefined;
}

/** The key that signs what is of this round; undefined for rounds before the first key of the run. */
export function pinnedKey(
  { coordinatorKey, runKeys = [] }: PinnedKeys,
  run: RunId,
  round: number,
): PublicKey | undefined {
  const own = runKeys.filter((entry) => entry.run === run);
  if (own.length === 0) return coordinatorKey;
  return own.findLast(({ fromRound }) => fromRound <= round)?.key;
}
