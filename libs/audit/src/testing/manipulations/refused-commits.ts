import { type Signer, ZERO_HASH } from '@tallystick/kernel';
import { HEADER, type Header, signRecord } from '@tallystick/record';
import { readRun } from '../../state/stored-run.js';
import { commitRound } from '../fixture/tally-calls.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import { keyOf, type OperatorKeys } from '../fixture/test-keys.js';
import type { Evidence } from '../operator/evidence.js';
import { refusalIn } from '../operator/refusal.js';
import { replay } from '../operator/replay.js';
import { flipped } from '../operator/tampered-bundle.js';
import { lastRound, the } from './pick.js';

/** A commit by the coordinator with its real keys that the pallet must refuse. */
export interface RefusedCommit {
  /** What is committed: unique. */
  readonly name: string;
  /** The pallet's error. */
  readonly error: string;
  readonly change?: (header: Header, before: Header) => Partial<Header>;
  /** Another coordinator key, or another account that submits. */
  readonly keys?: (keys: OperatorKeys) => Partial<OperatorKeys>;
}

/** Rounds that are no longer empty or not yet: what an empty one may not have. */
const EMPTY = (header: Header): Partial<Header> => ({
  included: 0,
  excluded: header.cohort,
  sumWeight: 0n,
  contribRoot: ZERO_HASH,
  excludedRoot: flipped(header.contribRoot),
  modelAfter: header.modelBefore,
});

/** Every commit is of the run's last round, which the chain does not hold yet. */
export const REFUSED_COMMITS: readonly RefusedCommit[] = [
  {
    name: 'a header of another chain',
    error: 'WrongChain',
    change: ({ chain }) => ({ chain: flipped(chain) }),
  },
  { name: 'a header of masked mode', error: 'UnsupportedMode', change: () => ({ mode: 1 }) },
  {
    name: 'a header of the round after next',
    error: 'WrongRound',
    change: ({ round }) => ({ round: round + 1 }),
  },
  {
    name: 'a second header of a round that is committed',
    error: 'WrongRound',
    change: (_, before) => ({ ...before, closedAtMs: before.closedAtMs + 1n }),
  },
  {
    name: 'a header that continues another one',
    error: 'WrongPrev',
    change: ({ prev }) => ({ prev: flipped(prev) }),
  },
  {
    name: 'a header that starts from another model',
    error: 'WrongModelBefore',
    change: ({ modelBefore }) => ({ modelBefore: flipped(modelBefore) }),
  },
  {
    name: 'a cohort larger than its answers',
    error: 'WrongCohort',
    change: ({ cohort }) => ({ cohort: cohort + 1 }),
  },
  {
    name: 'fewer nodes than the run needs',
    error: 'TooFewIncluded',
    change: ({ cohort }) => ({ included: 1, excluded: cohort - 1 }),
  },
  { name: 'weights of 2²²', error: 'WeightTooLarge', change: () => ({ sumWeight: 1n << 22n }) },
  {
    name: 'less weight than nodes',
    error: 'WeightTooSmall',
    change: ({ included }) => ({ sumWeight: BigInt(included) - 1n }),
  },
  {
    name: 'an empty round with weight',
    error: 'EmptyRoundHasWeight',
    change: (header) => ({ ...EMPTY(header), sumWeight: 1n }),
  },
  {
    name: 'an empty round with another model',
    error: 'EmptyRoundChangesModel',
    change: (header) => ({ ...EMPTY(header), modelAfter: flipped(header.modelBefore) }),
  },
  {
    name: 'an empty round with another state',
    error: 'EmptyRoundChangesState',
    change: (header, before) => ({ ...EMPTY(header), stateAfter: flipped(before.stateAfter) }),
  },
  {
    name: 'an empty round with a tree of contributions',
    error: 'WrongContribRoot',
    change: (header, { stateAfter }) => {
      return { ...EMPTY(header), stateAfter, contribRoot: header.contribRoot };
    },
  },
  {
    name: 'nobody excluded, and a tree of exclusions',
    error: 'WrongExcludedRoot',
    change: ({ included, contribRoot }) => {
      return { cohort: included, excluded: 0, excludedRoot: contribRoot };
    },
  },
  {
    name: 'a task judged before the one of the round before',
    error: 'AtBlockGoesBack',
    change: (_, { atBlock }) => ({ atBlock: atBlock - 1 }),
  },
  {
    name: 'a task judged at a block to come',
    error: 'AtBlockInFuture',
    change: ({ atBlock }) => ({ atBlock: atBlock + 1_000 }),
  },
  {
    name: 'a round closed before the one before it',
    error: 'ClosedAtGoesBack',
    change: (_, { closedAtMs }) => ({ closedAtMs: closedAtMs - 1n }),
  },
  {
    name: 'a round closed in an hour',
    error: 'ClosedAtInFuture',
    change: ({ closedAtMs }) => ({ closedAtMs: closedAtMs + 3_600_000n }),
  },
  {
    name: 'a header signed by another key',
    error: 'BadSignature',
    keys: () => ({ coordinator: keyOf('nobody') }),
  },
  {
    name: 'a header submitted by another account',
    error: 'NotCoordinator',
    keys: ({ treasury }) => ({ account: treasury }),
  },
];

/** Tries every commit on a chain that stands before the last round; yields the error that the pallet gave. */
export async function* tryCommits(
  { history, spec, blocks }: Evidence,
  keys: OperatorKeys,
  commits: readonly RefusedCommit[] = REFUSED_COMMITS,
): AsyncGenerator<{ readonly commit: RefusedCommit; readonly error: string | undefined }> {
  const { round, header } = lastRound({ rounds: history.rounds });
  const before = the(history.rounds[round - 1]).header.value;
  const clock = new StandingClock(0);
  const chain = await TestChain.open(spec, keys.authority, clock);
  try {
    for (const block of blocks.slice(0, the(history.commits.get(round)) - 1)) {
      await replay(chain, clock, block);
    }
    for (const commit of commits) {
      const signers = { ...keys, ...commit.keys?.(keys) };
      const value = { ...header.value, ...commit.change?.(header.value, before) };
      await submit(chain, value, signers);
      const isRefused = readRun(chain.read, history.runId)?.nextRound === round;
      yield { commit, error: isRefused ? await refusalIn(chain) : undefined };
    }
  } finally {
    await chain.close();
  }
}

async function submit(
  chain: TestChain,
  header: Header,
  { account, coordinator }: { readonly account: Signer; readonly coordinator: Signer },
): Promise<void> {
  const { signature } = signRecord(HEADER, header, coordinator);
  await chain.block([account, commitRound(header, signature)]);
}
