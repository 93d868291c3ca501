import type { RunId } from '@tallystick/kernel';
import { demand, demandEqual } from '../findings.js';
import type { VerifiedChain } from '../history.js';
import { decodeRun, runKey, type StoredRun } from './stored-run.js';

/**
 * Follows the run through the states of all blocks: the block that commits each round. What a run is may never change
 * and its rounds never go back; the pallet cannot do either, a Sudo key can.
 * @param rounds rounds at the head, whose evidence was read; bounds a forged count
 */
export function runCommits(chain: VerifiedChain, run: RunId, rounds: number): readonly number[] {
  const key = runKey(run);
  const commits: number[] = [];
  let bytes: Uint8Array | undefined;
  let before: StoredRun | undefined;
  for (let block = 0; block <= chain.head.number; block++) {
    const stored = chain.stateAt(block)(key);
    if (stored === bytes) continue; // states share what did not change
    bytes = stored;
    const place = { record: `run ${run} at block ${block}`, by: 'chain operator' } as const;
    demand(stored !== undefined, place, 'the run', 'none');
    const now = decodeRun(run, stored);
    if (before !== undefined) {
      demandEqual(before.spec, now.spec, place);
      demandEqual(before.genesisModel, now.genesisModel, place);
      demandEqual(keyList(before), keyList(now, before.coordinatorKeys.length), place);
    }
    const known = before?.nextRound ?? 0;
    const isForward = known <= now.nextRound && now.nextRound <= rounds;
    demand(isForward, place, `${known} to ${rounds} rounds`, now.nextRound);
    while (commits.length < now.nextRound) commits.push(block);
    before = now;
  }
  return commits;
}

function keyList({ coordinatorKeys }: StoredRun, first: number = coordinatorKeys.length): string {
  return coordinatorKeys
    .slice(0, first)
    .map(({ fromRound, key }) => `${key} from round ${fromRound}`)
    .join(', ');
}
