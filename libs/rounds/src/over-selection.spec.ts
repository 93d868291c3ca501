import type { NodeId } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { ExclusionReason, type Header } from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import type { CloseRound, Offer } from './ports/index.js';
import { FakeFederation } from './testing/fake-federation.js';
import { never, specOf } from './testing/unit-run.js';

const COHORT = 60;
const nodes = Array.from({ length: COHORT }, (_, i) =>
  signerFromSeed(new Uint8Array(32).fill(20 + i)),
);
const coordinator = signerFromSeed(new Uint8Array(32).fill(1));

function federation(changes: Record<string, unknown>): {
  readonly fed: FakeFederation;
  readonly closes: CloseRound[];
} {
  const fed = new FakeFederation(specOf(changes), { sha256, ed25519, coordinator, nodes });
  const closes: CloseRound[] = [];
  const close = fed.journal.close.bind(fed.journal);
  fed.journal.close = (closed) => {
    closes.push(closed);
    return close(closed);
  };
  return { fed, closes };
}

const headersOf = async (fed: FakeFederation): Promise<readonly Header[]> =>
  (await fed.journal.load(fed.plan.run)).headers;

describe('over-selection', () => {
  it('closes at count.max; the others are told at once, and train the next round', async () => {
    const { fed, closes } = federation({
      rounds: 2,
      window: { count: { min: 5, max: 10 }, deadlineMs: 60_000 },
    });
    const loop = fed.loop();
    const played = loop.play(never);
    await fed.clock.advance(1);
    const first = fed.link.offers.map(({ node, offer }) => ({ node, offer }));
    expect(first).toHaveLength(COHORT);
    for (const { node, offer } of first.slice(0, 10)) {
      expect((await fed.submit(loop, node, offer)).outcome).toBe('accepted');
    }
    await fed.clock.advance(1);
    expect(await headersOf(fed)).toMatchObject([{ included: 10, excluded: 50, cohort: 60 }]);
    const cut = first.slice(10).map(({ node }) => node);
    for (const node of cut) {
      expect(fed.link.drops).toContain(`${node}/0`);
      const told = fed.link.results.filter((one) => one.node === node);
      expect(told.map(({ result }) => result.header.header.round)).toEqual([0]);
      expect(told[0]?.result.inclusion).toBeUndefined();
    }
    const late = await fed.submit(loop, cut[0] ?? (0 as NodeId), first[10]?.offer as Offer);
    expect(late).toMatchObject({ outcome: 'ignored', code: 'ROUND_CLOSED' });
    expect(closes[0]?.exclusions.map(({ reason }) => reason)).toEqual(
      Array<number>(50).fill(ExclusionReason.silent),
    );

    const second = fed.link.offers.filter(({ offer }) => offer.task.task.round === 1);
    expect(second.map(({ node }) => node)).toEqual(first.map(({ node }) => node));
    for (const { node, offer } of second.filter((one) => cut.includes(one.node)).slice(0, 10)) {
      expect((await fed.submit(loop, node, offer)).outcome).toBe('accepted');
    }
    await fed.clock.advance(1);
    expect(await played).toMatchObject({ status: 'completed', rounds: 2 });
    const included = fed.link.results
      .filter(({ result }) => result.header.header.round === 1 && result.inclusion !== undefined)
      .map(({ node }) => node);
    expect(included).toEqual(cut.slice(0, 10));
  });

  it('names what came in the same breath as the last place late, with its receipt', async () => {
    const { fed, closes } = federation({
      rounds: 1,
      window: { count: { min: 5, max: 10 }, deadlineMs: 60_000 },
    });
    const loop = fed.loop();
    const played = loop.play(never);
    await fed.clock.advance(1);
    const offers = [...fed.link.offers];
    const verdicts = await Promise.all(
      offers.map(({ node, offer }) => fed.submit(loop, node, offer)),
    );
    await fed.clock.advance(1);
    await played;
    const codes = verdicts.map((one) => (one.outcome === 'accepted' ? one.outcome : one.code));
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(10);
    expect(codes.filter((code) => code === 'ROUND_CLOSED')).toHaveLength(50);
    for (const { node, receipt, reason } of closes[0]?.exclusions ?? []) {
      const { offer } = offers.find((one) => one.node === node) ?? { offer: undefined };
      expect(reason).toBe(ExclusionReason.late);
      expect(receipt).toBe(fed.receiptHash(node, offer as Offer));
    }
  });

  it('closes at the deadline with what arrived when that is enough', async () => {
    const { fed, closes } = federation({
      rounds: 1,
      window: { count: { min: 5, max: 10 }, deadlineMs: 5_000 },
    });
    const loop = fed.loop();
    fed.link.onOffer = (node, offer) => void (node < 7 ? fed.submit(loop, node, offer) : undefined);
    const played = loop.play(never);
    await fed.clock.advance(4_999);
    expect(loop.status()).toMatchObject({ phase: 'collecting', included: 7 });
    await fed.clock.advance(2);
    expect((await played).status).toBe('completed');
    const [header] = await headersOf(fed);
    expect(header).toMatchObject({ included: 7, excluded: 53 });
    expect(header?.closedAtMs).toBeGreaterThanOrEqual(header?.deadlineMs ?? 0n);
    expect(new Set(closes[0]?.exclusions.map(({ reason }) => reason))).toEqual(
      new Set([ExclusionReason.silent]),
    );
  });

  it('asks the part of the nodes that the spec says, another one each round, and the same one again', async () => {
    const changes = {
      rounds: 4,
      cohort: { fractionPpm: 250_000 },
      window: { count: { min: 5 }, deadlineMs: 5_000 },
    };
    const cohorts = async (): Promise<string[]> => {
      const { fed } = federation(changes);
      const loop = fed.loop();
      fed.link.onOffer = (node, offer) => void fed.submit(loop, node, offer);
      const played = loop.play(never);
      await fed.clock.advance(1_000);
      expect((await played).status).toBe('completed');
      expect((await headersOf(fed)).map(({ included }) => included)).toEqual([15, 15, 15, 15]);
      return [0, 1, 2, 3].map((round) =>
        fed.link.offers
          .filter(({ offer }) => offer.task.task.round === round)
          .map(({ node }) => node)
          .join(' '),
      );
    };
    const drawn = await cohorts();
    expect(new Set(drawn).size).toBe(4);
    expect(await cohorts()).toEqual(drawn);
  });
});
