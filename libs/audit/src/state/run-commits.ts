import type { RunId } from '@tallystick/kernel';
import { demand, demandEqual } from '../findings.js';
import type { VerifiedChain } from '../history.js';
import { decodeRun, runKey, type StoredRun } from './stored-run.js';

/**
 * Follows the run through the states of all blocks: the block that commits each round that counts, by its number. What a
 * run is may never change and its rounds never go back; the pallet cannot do either, a Sudo key can.
 * @param rounds those whose evidence was read, ascending
 */
export function runCommits(
  chain: VerifiedChain,
  run: RunId,
  rounds: readonly { readonly round: number }[],
): ReadonlyMap<number, number> {
  const key = runKey(run);
  const last = decodedRun(chain, run, chain.head.number)?.nextRound ?? 0;
  const commits = new Map<number, number>();
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
    const isForward = known <= now.nextRound && now.nextRound <= last;
    demand(isForward, place, `next round ${known} to ${last}`, now.nextRound);
    for (let next = rounds[commits.size]; next !== undefined; next = rounds[commits.size]) {
      if (next.round >= now.nextRound) break;
      commits.set(next.round, block);
    }
    before = now;
  }
  return commits;
}

function decodedRun(chain: VerifiedChain, run: RunId, block: number): StoredRun | undefined {
  const bytes = chain.stateAt(block)(runKey(run));
  return bytes && decodeRun(run, bytes);
}

function keyList({ coordinatorKeys }: StoredRun, first: number = coordinatorKeys.length): string {
  return coordinatorKeys
    .slice(0, first)
    .map(({ fromRound, key }) => `${key} from round ${fromRound}`)
    .join(', ');
}
