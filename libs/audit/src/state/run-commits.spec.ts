import { littleEndian } from '@tallystick/chain/testing';
import { asHash, asRunId, concatBytes, fromHex, type Hash } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { Mismatch } from '../findings.js';
import type { VerifiedChain } from '../history.js';
import { runCommits } from './run-commits.js';

const RUN = asRunId(7);
const hash = (byte: string): Hash => asHash(byte.repeat(32));

interface Fields {
  readonly nextRound?: number;
  readonly spec?: Hash;
  readonly keys?: readonly Hash[];
}

/** `Tally.Runs` as the pallet encodes it. */
function runBytes({ nextRound = 0, spec = hash('11'), keys = [hash('22')] }: Fields): Uint8Array {
  const entries = keys.map((key, i) => concatBytes(littleEndian(i, 4), fromHex(key)));
  return concatBytes(
    new Uint8Array(64),
    Uint8Array.of(keys.length << 2),
    ...entries,
    fromHex(spec),
    new Uint8Array(4 * 32),
    littleEndian(nextRound, 4),
    new Uint8Array(4 + 24 + 4 + 9 + 4 + 1 + 25 + 64 + 4 + 32 + 4 + 16 + 20 + 1),
  );
}

/** A chain in which the run is stored like this after each block. */
function chainOf(states: readonly (Uint8Array | undefined)[]): VerifiedChain {
  const head = { number: states.length - 1, hash: hash('aa') };
  return {
    genesis: hash('aa'),
    head,
    runtimes: [],
    hashOf: () => undefined,
    stateAt: (block) => () => states[block],
  };
}

const commitsIn = (
  runs: readonly (Fields | undefined)[],
  rounds: readonly number[],
): ReadonlyMap<number, number> => {
  const chain = chainOf(runs.map((fields) => fields && runBytes(fields)));
  return runCommits(
    chain,
    RUN,
    rounds.map((round) => ({ round })),
  );
};

/** The blocks of a run without voids. */
const commitsOf = (...runs: readonly (Fields | undefined)[]): readonly number[] => {
  const rounds = Array.from({ length: runs.at(-1)?.nextRound ?? 0 }, (_, round) => round);
  return [...commitsIn(runs, rounds).values()];
};

describe('runCommits', () => {
  it('finds the block of each commit, also of several in one block', () => {
    expect(commitsOf(undefined, {}, {}, { nextRound: 1 }, { nextRound: 1 })).toEqual([3]);
    expect(commitsOf({}, { nextRound: 3 }, { nextRound: 4 })).toEqual([1, 1, 1, 2]);
    expect(commitsOf(undefined, { keys: [] }, {})).toEqual([]);
  });

  it('finds the blocks of the rounds on both sides of a void', () => {
    const runs = [
      {},
      { nextRound: 2 },
      { nextRound: 3 },
      { nextRound: 1_027 },
      { nextRound: 1_028 },
    ];
    expect([...commitsIn(runs, [0, 1, 1_027])]).toEqual([
      [0, 1],
      [1, 1],
      [1_027, 4],
    ]);
  });

  const found = (...runs: readonly (Fields | undefined)[]): Mismatch['finding'] => {
    try {
      commitsOf(...runs);
    } catch (error) {
      if (error instanceof Mismatch) return error.finding;
      throw error;
    }
    throw new Error('nothing was found');
  };

  it('finds what only a Sudo key can do to a run', () => {
    const record = 'run 7 at block 2';
    const by = 'chain operator';
    const one = { nextRound: 1 };
    expect(found({}, one, {}, one)).toMatchObject({ record, by, found: '0' });
    expect(found({}, one, { ...one, spec: hash('33') })).toMatchObject({ record, by });
    expect(found({}, one, undefined, one)).toMatchObject({ record, by, found: 'none' });
    expect(found({}, one, { ...one, keys: [hash('44')] })).toMatchObject({ record, by });
    expect(found({}, one, { ...one, keys: [] })).toMatchObject({ record, by });
    expect(found({}, one, { nextRound: 9 }, one)).toMatchObject({ record, found: '9' });
  });

  it('accepts a replaced coordinator key: the old one stays in the list', () => {
    const later = { keys: [hash('22'), hash('44')], nextRound: 1 };
    expect(commitsOf({}, later)).toEqual([1]);
  });

  it('reads any bytes without crashing', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(10), new Uint8Array(1000).fill(255)]) {
      expect(() => runCommits(chainOf([bytes]), RUN, [])).toThrow(Mismatch);
    }
  });
});
