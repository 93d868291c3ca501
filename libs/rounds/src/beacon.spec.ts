import {
  asHash,
  asNodeId,
  asOrganisationId,
  asPublicKey,
  asRunId,
  type Hash,
} from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { beaconRound, pickCohort } from './cohort.js';
import type { BlockRef, EligibleNode } from './ports/index.js';
import { FakeFederation } from './testing/index.js';
import { never, specOf } from './testing/unit-run.js';

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const NODES = Array.from({ length: 8 }, (_, i) => signerFromSeed(seedOf(40 + i)));
const COORDINATOR = signerFromSeed(seedOf(1));
const CHAIN = {
  rounds: 6,
  cohort: { fractionPpm: 250_000, beacon: 'chain', lag: 3 },
  maxUncommitted: 2,
  window: { count: { min: 2 }, deadlineMs: 5_000 },
};
const hash = (n: number): Hash => asHash(n.toString(16).padStart(64, '0'));

describe('beaconRound', () => {
  it('is the round whose commit is old enough, and none in the first rounds or with `beacon: spec`', () => {
    const spec = specOf(CHAIN);
    expect([0, 1, 2, 3, 4].map((round) => beaconRound(spec, round, []))).toEqual([
      undefined,
      undefined,
      undefined,
      0,
      1,
    ]);
    expect(beaconRound(specOf(), 9, [])).toBeUndefined();
  });

  it('is the last round that counts where the number is void', () => {
    const voids = [{ from: 2, until: 1_028 }];
    const spec = specOf(CHAIN);
    expect([1_028, 1_030, 1_031].map((round) => beaconRound(spec, round, voids))).toEqual([
      1, 1, 1_028,
    ]);
    expect(beaconRound(spec, 1_030, [{ from: 0, until: 1_028 }])).toBeUndefined();
  });
});

describe('pickCohort', () => {
  const eligible: readonly EligibleNode[] = Array.from({ length: 100 }, (_, node) => ({
    node: asNodeId(node),
    organisation: asOrganisationId(node),
    keyEpoch: 0,
    key: asPublicKey('00'.repeat(32)),
    cap: 1n,
  }));
  const draw = (beacon: Hash): string =>
    pickCohort(sha256, eligible, { spec: specOf(CHAIN), round: 5, beacon })
      .map(({ node }) => node)
      .join(' ');

  it('draws alike from the same beacon and otherwise from another', () => {
    expect(draw(hash(7))).toBe(draw(hash(7)));
    expect(new Set([1, 2, 3, 4, 5].map((n) => draw(hash(n)))).size).toBe(5);
  });

  it('asks everyone about as often whatever the blocks are', () => {
    const asked = new Map<string, number>();
    for (let n = 0; n < 400; n++) {
      for (const node of draw(hash(n)).split(' ')) asked.set(node, (asked.get(node) ?? 0) + 1);
    }
    const counts = [...asked.values()];
    expect(asked.size).toBe(100);
    // Binomial(400, 1/4): mean 100, standard deviation 8.7.
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(140);
  });
});

describe('a run with `beacon: chain`', () => {
  function federation() {
    const crypto = { sha256, ed25519, coordinator: COORDINATOR, nodes: NODES };
    const fed = new FakeFederation(specOf(CHAIN), crypto);
    fed.ledger.anchoredRounds = 0;
    const loop = fed.loop();
    fed.link.onOffer = (node, offer) => void fed.submit(loop, node, offer);
    return { fed, played: loop.play(never) };
  }

  const cohortsOf = (fed: FakeFederation): string[] =>
    [0, 1, 2, 3, 4, 5].map((round) =>
      fed.link.offers
        .filter(({ offer }) => offer.task.task.round === round)
        .map(({ node }) => node)
        .join(' '),
    );

  it('opens no round before the block that decides it is final', async () => {
    const { fed, played } = federation();
    await fed.clock.advance(2_000);
    expect(cohortsOf(fed).filter((cohort) => cohort !== '')).toHaveLength(2);
    fed.ledger.anchoredRounds = 2;
    await fed.clock.advance(2_000);
    expect(cohortsOf(fed).filter((cohort) => cohort !== '')).toHaveLength(4);
    fed.ledger.anchoredRounds = 6;
    await fed.clock.advance(2_000);
    expect((await played).status).toBe('completed');
  });

  it('draws from those blocks; other blocks give other cohorts from round `lag` on', async () => {
    const playedOn = async (offset: number): Promise<string[]> => {
      const { fed, played } = federation();
      const { ledger } = fed;
      ledger.anchoredRounds = 6;
      ledger.committedIn = (run, round): Promise<BlockRef> => {
        expect(run).toBe(asRunId(0));
        return Promise.resolve({ number: round, hash: hash(offset + round) });
      };
      await fed.clock.advance(4_000);
      expect((await played).status).toBe('completed');
      return cohortsOf(fed);
    };
    const [first, same, other] = [await playedOn(0), await playedOn(0), await playedOn(500)];
    expect(same).toEqual(first);
    expect(other.slice(0, 3)).toEqual(first.slice(0, 3));
    expect(other.slice(3)).not.toEqual(first.slice(3));
  });
});
