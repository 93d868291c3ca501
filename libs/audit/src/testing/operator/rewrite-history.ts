import { dirname } from 'node:path/posix';
import type { RawSpec } from '@tallystick/chain/embedded';
import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { advance, type Position, startOf } from '@tallystick/rounds';
import { encodeChainSpec } from '../../bundle/canonical-spec.js';
import { blobPath, roundPath } from '../../bundle/layout.js';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import { blobsOf } from '../../bundle/write-bundle.js';
import type { History } from '../../history.js';
import { blockTimeMs } from '../../state/chain-facts.js';
import { readRun } from '../../state/stored-run.js';
import { commitRound } from '../fixture/tally-calls.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import { replay } from './replay.js';
import { closeDraft, draftOf, OperatorBlobs, type RoundDraft } from './round-draft.js';
import type { TamperedBundle } from './tampered-bundle.js';

/** What an edit can work with. */
export interface EditTools {
  readonly chain: TestChain;
  readonly blobs: OperatorBlobs;
}

/** What a dishonest operator does over again. */
export interface Rewrite {
  /** First round that is closed anew; everything before its commit stays. */
  readonly from: number;
  /** Rounds the run has in the end; as many as before when absent. */
  readonly rounds?: number;
  /** Another genesis; then no block stays. */
  readonly genesis?: RawSpec;
  /** Last block that stays as it was; the one before the commit of `from` when absent. */
  readonly keepBlocks?: number;
  /** Other calls to make before the rounds are committed again. */
  readonly prepare?: (chain: TestChain) => Promise<void>;
  /** Changes a round before it is closed; the draft leads to the same round when returned as it is. */
  readonly edit: (draft: RoundDraft, tools: EditTools) => RoundDraft | Promise<RoundDraft>;
}

/** Returns every draft as it is: only what a changed history forces is changed. */
export function unchanged(draft: RoundDraft): RoundDraft {
  return draft;
}

/**
 * Everything a dishonest operator can do with all of its keys and none of a node's: blocks up to a point are authored
 * again as they were, then rounds are closed, signed, committed and sealed as it likes, and every hash in the bundle
 * fits again.
 */
export async function rewriteHistory(bundle: TamperedBundle, rewrite: Rewrite): Promise<void> {
  const { history, spec, blocks } = bundle.honest;
  const commit = history.commits.get(rewrite.from);
  const keep = rewrite.keepBlocks ?? (commit === undefined ? blocks.length : commit - 1);
  const clock = new StandingClock(0);
  const { authority } = bundle.keys;
  const chain = await TestChain.open(rewrite.genesis ?? spec, authority, clock);
  try {
    if (rewrite.genesis === undefined) {
      for (const block of blocks.slice(0, keep)) await replay(chain, clock, block);
    } else {
      clock.set(commitTimeMs(history, 0));
      const { top } = rewrite.genesis.genesis.raw;
      await bundle.write('chain/spec.json', encodeChainSpec(top));
    }
    await rewrite.prepare?.(chain);
    await closeRounds(bundle, rewrite, { chain, clock });
  } finally {
    await chain.close();
  }
}

interface Place {
  readonly chain: TestChain;
  readonly clock: StandingClock;
}

/** Closes and commits the rounds from `from` on, then writes the bundle's files. */
async function closeRounds(
  bundle: TamperedBundle,
  rewrite: Rewrite,
  { chain, clock }: Place,
): Promise<void> {
  const { history } = bundle.honest;
  const { coordinator, account } = bundle.keys;
  const blobs = new OperatorBlobs(history);
  const count = rewrite.rounds ?? history.rounds.length;
  const first = readRun(chain.read, history.runId)?.nextRound ?? 0; // one block may hold several commits
  const rounds: RoundEvidence[] = history.rounds.slice(0, first);
  for (let round = first; round < count; round++) {
    const position = positionAfter(history, chain.genesis, rounds);
    const again = continued(history, position, chain);
    const draft = round < rewrite.from ? again : await rewrite.edit(again, { blobs, chain });
    const evidence = await closeDraft(draft, { history, blobs, signer: coordinator });
    const { value, signature } = evidence.header;
    clock.set(commitTimeMs(history, round));
    await chain.block([account, commitRound(value, signature)]);
    if (readRun(chain.read, history.runId)?.nextRound !== round + 1) {
      throw new Error(`the chain refused round ${round}`);
    }
    rounds.push(evidence);
  }
  await writeFiles(bundle, { rounds, blobs, chain });
}

function positionAfter(history: History, chain: Hash, rounds: readonly RoundEvidence[]): Position {
  const { runId: run, spec, specHash, genesisModel } = history;
  const plan = { chain, run, spec, specHash, genesisModel: genesisModel.id };
  return rounds.reduce(
    (position, { header }) => advance(sha256, position, header.value),
    startOf(sha256, plan),
  );
}

/** The honest round, or a repetition of the last one, continued from the rewritten history. */
function continued(history: History, position: Position, chain: TestChain): RoundDraft {
  const { round, prev, model, state } = position;
  const honest = history.rounds[round] ?? history.rounds.at(-1);
  if (honest === undefined) throw new Error('the run has no round');
  const draft = draftOf(honest);
  const atBlock = Math.min(draft.task.atBlock, chain.head.number);
  const at = chain.host.block(Math.max(atBlock, position.lastAtBlock));
  if (at === undefined) throw new Error(`there is no block ${atBlock}`);
  const identity = { chain: chain.genesis, round };
  return {
    ...draft,
    round,
    task: { ...draft.task, ...identity, prev, model, state, atBlock: at.number, atHash: at.hash },
    promises: draft.promises.map((promise) => ({ ...promise, ...identity })),
  };
}

function commitTimeMs({ chain, commits }: History, round: number): number {
  return Number(blockTimeMs(chain.stateAt(commits.get(round) ?? chain.head.number)));
}

async function writeFiles(
  bundle: TamperedBundle,
  {
    rounds,
    blobs,
    chain,
  }: { rounds: readonly RoundEvidence[]; blobs: OperatorBlobs; chain: TestChain },
): Promise<void> {
  const { history } = bundle.honest;
  for (const evidence of rounds) await bundle.writeRound(evidence);
  for (let round = rounds.length; round < history.rounds.length; round++) {
    await bundle.remove(dirname(roundPath(round, 'task.bin')));
  }
  const named = new Set([history.genesisModel.id, ...rounds.flatMap(blobsOf)]);
  for (const id of named) {
    const bytes = blobs.added.get(id);
    if (bytes !== undefined) await bundle.write(blobPath(id), bytes);
  }
  for (const id of history.blobs.names) if (!named.has(id)) await bundle.remove(blobPath(id));
  await bundle.write('chain/blocks.bin', await chain.export());
  await bundle.repairManifest({ genesis: chain.genesis, head: chain.head.hash });
}
