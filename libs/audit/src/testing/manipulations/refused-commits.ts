import { readFile } from 'node:fs/promises';
import { storageKey } from '@tallystick/chain/embedded';
import { type Signer, ZERO_HASH } from '@tallystick/kernel';
import { HEADER, type Header, signRecord } from '@tallystick/record';
import { readRun } from '../../state/stored-run.js';
import { commitRound } from '../fixture/tally-calls.js';
import { StandingClock, TestChain } from '../fixture/test-chain.js';
import { keyOf, type OperatorKeys } from '../fixture/test-keys.js';
import type { Evidence } from '../operator/evidence.js';
import { replay } from '../operator/replay.js';
import { flipped } from '../operator/tampered-bundle.js';
import { lastRound, the } from './pick.js';

const ERRORS = new URL('../../../../../chain/pallets/tally/src/errors.rs', import.meta.url);
/** Index of pallet-tally in the runtime, and the events of a call that failed in it. */
const TALLY = 0x20;
const FAILED = [0, 1, 3, TALLY] as const;

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

/** Error names of the pallet, in order. */
async function errorNames(): Promise<readonly string[]> {
  const rust = await readFile(ERRORS, 'utf8');
  return [...rust.matchAll(/^ {8}([A-Z]\w+),$/gm)].map(([, name = '']) => name);
}

/** Index of the pallet's error in the events of the head; undefined when no call failed in it. */
function failure(chain: TestChain): number | undefined {
  const events = chain.read(storageKey('System', 'Events')) ?? new Uint8Array();
  for (let at = 0; at + FAILED.length < events.length; at++) {
    if (FAILED.every((byte, i) => events[at + i] === byte)) return events[at + FAILED.length];
  }
  return undefined;
}

/** Tries every commit on a chain that stands before the last round; yields the error that the pallet gave. */
export async function* tryCommits(
  { history, spec, blocks }: Evidence,
  keys: OperatorKeys,
  commits: readonly RefusedCommit[] = REFUSED_COMMITS,
): AsyncGenerator<{ readonly commit: RefusedCommit; readonly error: string | undefined }> {
  const names = await errorNames();
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
      const index = failure(chain);
      const isRefused = readRun(chain.read, history.runId)?.nextRound === round;
      yield { commit, error: isRefused && index !== undefined ? names[index] : undefined };
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
