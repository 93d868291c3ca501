import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import { startOf } from './position.js';
import type { RunLoop } from './run-loop.js';
import { FakeFederation } from './testing/fake-federation.js';
import { answerAll, never, specOf } from './testing/unit-run.js';
import type { VoidSpan } from './void-span.js';

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const NODES = [10, 11, 12, 13].map((byte) => signerFromSeed(seedOf(byte)));
const COORDINATOR = signerFromSeed(seedOf(1));

function federation(changes: Record<string, unknown> = {}): FakeFederation {
  const crypto = { sha256, ed25519, coordinator: COORDINATOR, nodes: NODES };
  return new FakeFederation(specOf(changes), crypto);
}

const headersOf = async (fed: FakeFederation): Promise<readonly Header[]> =>
  (await fed.journal.load(fed.plan.run)).headers;

const hashOf = (header: Header | undefined): string | undefined =>
  header && recordHash(sha256, HEADER, header);

/** Nodes answer the offers of rounds below `until` and no others. */
function answerBelow(fed: FakeFederation, loop: RunLoop, until: number): void {
  fed.link.onOffer = (node, offer) => {
    if (offer.task.task.round < until) void fed.submit(loop, node, offer);
  };
}

/** What the coordinator's watch does when the chain has voided rounds. */
function voided(fed: FakeFederation, loop: RunLoop, ...spans: readonly VoidSpan[]): void {
  fed.journal.voided(fed.plan.run, spans);
  loop.voided();
}

describe('a run of which the chain voids rounds', () => {
  it('goes on behind them from the last round that counts, and plays as many as the spec says', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerBelow(fed, loop, 2);
    const played = loop.play(never);
    await fed.clock.advance(100);
    const [first] = await headersOf(fed);
    expect(loop.status()).toMatchObject({ round: 2, phase: 'collecting' });
    answerAll(fed, loop);
    voided(fed, loop, { from: 1, until: 1_026 });
    await fed.clock.advance(1_000);
    const outcome = await played;
    const headers = await headersOf(fed);
    expect(headers.map(({ round }) => round)).toEqual([0, 1_026, 1_027]);
    expect(headers[1]).toMatchObject({ prev: hashOf(first), modelBefore: first?.modelAfter });
    expect(headers[2]?.prev).toBe(hashOf(headers[1]));
    expect(outcome).toEqual({ status: 'completed', model: headers[2]?.modelAfter, rounds: 3 });
  });

  it('gives the open round up at once: its nodes have nothing to bring any more', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerBelow(fed, loop, 1);
    const played = loop.play(never);
    await fed.clock.advance(100);
    fed.link.drops.length = 0;
    answerAll(fed, loop);
    voided(fed, loop, { from: 0, until: 1_025 });
    await fed.clock.advance(1); // far below the deadline of 10 s
    expect(fed.link.drops).toContain('0/1');
    await fed.clock.advance(1_000);
    await played;
    const { prev, model } = startOf(sha256, fed.plan);
    expect((await headersOf(fed))[0]).toMatchObject({ round: 1_025, prev, modelBefore: model });
  });

  it('a mutant that only skips the numbers would build on the voided model', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerBelow(fed, loop, 2);
    const played = loop.play(never);
    await fed.clock.advance(100);
    const second = (await headersOf(fed))[1];
    answerAll(fed, loop);
    voided(fed, loop, { from: 1, until: 1_026 });
    await fed.clock.advance(1_000);
    await played;
    const next = (await headersOf(fed))[1];
    expect(second?.modelAfter).not.toBe(second?.modelBefore);
    expect(next?.modelBefore).toBe(second?.modelBefore);
  });

  it('takes voids up from the journal after a restart, also two of them', async () => {
    const fed = federation({ rounds: 4 });
    const first = fed.loop();
    answerBelow(fed, first, 2);
    const stop = fed.loop(); // never played: the first one is left where it stands
    void first.play(never);
    await fed.clock.advance(100);
    fed.journal.voided(fed.plan.run, [{ from: 1, until: 1_026 }]);
    answerAll(fed, stop);
    fed.link.onOffer = (node, offer) => {
      if (offer.task.task.round < 1_028) void fed.submit(stop, node, offer);
    };
    const played = stop.play(never);
    await fed.clock.advance(100);
    answerAll(fed, stop);
    voided(fed, stop, { from: 1, until: 1_026 }, { from: 1_027, until: 2_053 });
    await fed.clock.advance(1_000);
    expect((await played).status).toBe('completed');
    const rounds = (await headersOf(fed)).map(({ round }) => round);
    expect(rounds).toEqual([0, 1_026, 2_053, 2_054]);
  });

  it('fails with a clear code when the chain has halted it', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerBelow(fed, loop, 2);
    const played = loop.play(never);
    await fed.clock.advance(100);
    fed.ledger.isHalted = true;
    voided(fed, loop, { from: 1, until: 1_026 });
    await fed.clock.advance(1_000);
    const outcome = await played;
    expect(outcome.status).toBe('failed');
    expect(outcome.reason).toMatch(/^LEDGER_RUN_HALTED: /);
    expect(outcome.model).toBe((await headersOf(fed))[0]?.modelAfter);
  });

  it('fails with that code as well when a silent run is halted without a void', async () => {
    const fed = federation({ rounds: 9, maxUncommitted: 2 });
    fed.ledger.anchoredRounds = 1;
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(2_000);
    expect(loop.status().waitingBecause).toBe('2 rounds are not final on the chain yet');
    fed.ledger.isHalted = true;
    await fed.clock.advance(1_000);
    expect((await played).reason).toMatch(/^LEDGER_RUN_HALTED: /);
  });

  it('opens nothing while the chain counts numbers that were never closed here', async () => {
    const fed = federation({ rounds: 9, maxUncommitted: 2 });
    fed.ledger.closedRounds = () => 1_027;
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(2_000);
    expect(loop.status().waitingBecause).toBe(
      'the chain has voided rounds; that is being taken in',
    );
    expect(await headersOf(fed)).toHaveLength(2);
    fed.ledger.closedRounds = () => fed.journal.nextRound(fed.plan.run);
    voided(fed, loop, { from: 1, until: 1_027 });
    await fed.clock.advance(5_000);
    expect((await played).status).toBe('completed');
  });

  it('refuses what a late round would still write', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerBelow(fed, loop, 1);
    void loop.play(never);
    await fed.clock.advance(100);
    const { open } = await fed.journal.load(fed.plan.run);
    if (open === undefined) throw new Error('round 1 is open');
    fed.journal.voided(fed.plan.run, [{ from: 0, until: 1_025 }]);
    const { run } = fed.plan;
    const code = 'ROUND_VOID';
    await expect(fed.journal.append(run, 1, [])).rejects.toMatchObject({ code });
    await expect(fed.journal.open(open)).rejects.toMatchObject({ code });
    const row = { node: NODES.length, reason: 1, wire: '' } as never; // nothing of it is looked at
    await expect(fed.journal.decline(run, 1, row)).rejects.toMatchObject({ code });
  });
});
