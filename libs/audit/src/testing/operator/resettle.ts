import { epochFiles, type EpochEvidence } from '../../bundle/epoch-evidence.js';
import { blobPath, epochPath } from '../../bundle/layout.js';
import { scoreBlobs } from '../../bundle/read-sheet.js';
import { blockTimeMs } from '../../state/chain-facts.js';
import { readRun } from '../../state/stored-run.js';
import { settledEpoch, type SettlingLies } from '../fixture/settled-epoch.js';
import { settleEpoch } from '../fixture/tally-calls.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import type { Evidence } from './evidence.js';
import { replay } from './replay.js';
import { OperatorBlobs } from './round-draft.js';
import type { TamperedBundle } from './tampered-bundle.js';

/** The block that holds the first settlement. */
export function settledAt({ history: { chain, runId } }: Evidence): number {
  for (let block = 1; block <= chain.head.number; block++) {
    if ((readRun(chain.stateAt(block), runId)?.epoch ?? 0) > 0) return block;
  }
  throw new Error(`nobody settled an epoch of run ${runId}`);
}

/** When that block was made, Unix milliseconds. */
export function settledAtMs(evidence: Evidence): number {
  return Number(blockTimeMs(evidence.history.chain.stateAt(settledAt(evidence))));
}

/**
 * The coordinator settles the run's epoch otherwise, with its real keys: the blocks before stay, the lie is scored,
 * signed and settled, and every file and hash of the bundle fits again. Gives the epoch as it then stands.
 */
export async function resettle(bundle: TamperedBundle, lies: SettlingLies): Promise<EpochEvidence> {
  const { honest, keys } = bundle;
  const { history, spec, blocks } = honest;
  const clock = new StandingClock(0);
  const chain = await TestChain.open(spec, keys.authority, clock);
  try {
    for (const block of blocks.slice(0, settledAt(honest) - 1)) await replay(chain, clock, block);
    const blobs = new OperatorBlobs(history);
    const epoch = await settledEpoch({
      ...{ chain: chain.genesis, run: history.runId, spec: history.spec },
      ...{ model: history.genesisModel, rounds: history.rounds, block: lastCommit(honest) },
      ...{ read: chain.read, blobs, coordinator: keys.coordinator, lies },
    });
    const { value, signature } = epoch.record;
    clock.set(settledAtMs(honest));
    await chain.block([keys.account, settleEpoch(value, signature)]);
    if (readRun(chain.read, history.runId)?.epoch !== 1) throw new Error('the chain refused it');
    await writeEpoch(bundle, epoch, blobs);
    await bundle.write('chain/blocks.bin', await chain.export());
    await bundle.repairManifest({ head: chain.head.hash });
    return epoch;
  } finally {
    await chain.close();
  }
}

function lastCommit({ history: { chain, commits, rounds } }: Evidence) {
  const hash = chain.hashOf(commits.get(rounds.at(-1)?.round ?? 0) ?? 0);
  if (hash === undefined) throw new Error('the last commit is in no block');
  return hash;
}

/** The files of the epoch, and its gradients instead of those before. */
async function writeEpoch(
  bundle: TamperedBundle,
  epoch: EpochEvidence,
  blobs: OperatorBlobs,
): Promise<void> {
  const [before] = bundle.honest.history.epochs;
  const wanted = new Set(scoreBlobs(epoch));
  for (const id of new Set(before === undefined ? [] : scoreBlobs(before))) {
    if (!wanted.has(id)) await bundle.remove(blobPath(id));
  }
  for (const id of wanted) {
    const bytes = blobs.added.get(id);
    if (bytes !== undefined) await bundle.write(blobPath(id), bytes);
  }
  for (const [file, bytes] of epochFiles(epoch)) await bundle.write(epochPath(0, file), bytes);
}
