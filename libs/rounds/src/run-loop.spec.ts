import { type NodeId, TallyError } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import {
  ExclusionReason,
  type Header,
  HEADER,
  recordHash,
  verifySum,
  sumLeaf,
  CONTRIB,
} from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import type { Offer } from './ports/index.js';
import { RunLoop } from './run-loop.js';
import { FakeFederation } from './testing/fake-federation.js';
import { never, specOf } from './testing/unit-run.js';

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const NODES = [10, 11, 12, 13].map((byte) => signerFromSeed(seedOf(byte)));
const COORDINATOR = signerFromSeed(seedOf(1));

function federation(changes: Record<string, unknown> = {}): FakeFederation {
  return new FakeFederation(specOf(changes), {
    sha256,
    ed25519,
    coordinator: COORDINATOR,
    nodes: NODES,
  });
}

/** Every node answers every offer at once. */
function answerAll(fed: FakeFederation, loop: RunLoop, except: readonly number[] = []): void {
  fed.link.onOffer = (node, offer) => {
    if (!except.includes(node)) void fed.submit(loop, node, offer);
  };
}

const headersOf = async (fed: FakeFederation): Promise<readonly Header[]> =>
  (await fed.journal.load(fed.plan.run)).headers;

describe('RunLoop in virtual time', () => {
  it('plays a whole run: each round continues the one before and every node is in it', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(1_000);
    const outcome = await played;
    const headers = await headersOf(fed);
    expect(outcome).toEqual({ status: 'completed', model: headers.at(-1)?.modelAfter, rounds: 3 });
    expect(headers.map((h) => [h.round, h.included, h.excluded, h.sumWeight])).toEqual([
      [0, 4, 0, 100n],
      [1, 4, 0, 100n],
      [2, 4, 0, 100n],
    ]);
    expect(headers[1]?.prev).toBe(recordHash(sha256, HEADER, headers[0] as Header));
    expect(headers[2]?.modelBefore).toBe(headers[1]?.modelAfter);
  });

  it('gives every included node a proof that its leaf stands under the header', async () => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(1_000);
    await played;
    expect(fed.link.results).toHaveLength(4);
    for (const { node, result } of fed.link.results) {
      const { header } = result.header;
      const offer = fed.link.offers.find((o) => o.node === node)?.offer as Offer;
      const receipt = fed.receiptFor(node, offer);
      const inclusion = result.inclusion;
      expect(inclusion?.weight).toBe(receipt.numExamples);
      const leafOf = (weight: bigint) => ({
        node,
        keyEpoch: 0,
        receipt: fed.receiptHash(node, offer),
        update: receipt.update,
        numExamples: receipt.numExamples,
        weight,
      });
      const claim = (weight: bigint) => ({
        root: header.contribRoot,
        total: header.sumWeight,
        count: header.included,
        index: inclusion?.index ?? -1,
        leaf: { hash: sumLeaf(sha256, CONTRIB, leafOf(weight)), sum: weight },
        proof: inclusion?.proof ?? [],
      });
      expect(verifySum(sha256, claim(receipt.numExamples))).toBe(true);
      expect(verifySum(sha256, claim(receipt.numExamples + 1n))).toBe(false);
    }
  });

  it('closes at the deadline with what arrived and says who is missing', async () => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    answerAll(fed, loop, [2]);
    const played = loop.play(never);
    await fed.clock.advance(9_000);
    expect(loop.status()).toMatchObject({ phase: 'collecting', included: 3, waitingFor: [2] });
    await fed.clock.advance(2_000);
    expect((await played).status).toBe('completed');
    expect(await headersOf(fed)).toMatchObject([{ included: 3, excluded: 1, sumWeight: 70n }]);
  });

  it('never closes before its deadline by a clock that was put back', async () => {
    const fed = federation({ rounds: 1 });
    let aheadMs = 0;
    const clock = {
      nowMs: () => fed.clock.nowMs() + aheadMs,
      after: fed.clock.after.bind(fed.clock),
    };
    const loop = new RunLoop(fed.plan, { ...fed.deps, clock });
    answerAll(fed, loop, [2]);
    const played = loop.play(never);
    await fed.clock.advance(5_000);
    aheadMs = -4_000;
    await fed.clock.advance(8_900);
    expect(loop.status()).toMatchObject({ phase: 'collecting', included: 3 });
    await fed.clock.advance(200);
    expect((await played).status).toBe('completed');
    const [header] = await headersOf(fed);
    expect(header?.closedAtMs).toBe(header?.deadlineMs);
  });

  it('dates the close by the moment that decided it, even when the clock is put back during the fold', async () => {
    const fed = federation({ rounds: 1 });
    let aheadMs = 0;
    const clock = {
      nowMs: () => fed.clock.nowMs() + aheadMs,
      after: fed.clock.after.bind(fed.clock),
    };
    const folders = {
      open: async (...spec: Parameters<typeof fed.folders.open>) => {
        const folder = await fed.folders.open(...spec);
        const finish = folder.finish.bind(folder);
        return Object.assign(folder, {
          finish: () => {
            aheadMs = -4_000;
            return finish();
          },
        });
      },
    };
    const loop = new RunLoop(fed.plan, { ...fed.deps, clock, folders });
    answerAll(fed, loop, [2]);
    const played = loop.play(never);
    await fed.clock.advance(11_000);
    await played;
    const [header] = await headersOf(fed);
    expect(header?.closedAtMs).toBe(header?.deadlineMs);
  });

  it('does not wait for a node that declined', async () => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    fed.link.onOffer = (node, offer) =>
      void (node === 2 ? fed.decline(loop, node, offer) : fed.submit(loop, node, offer));
    const played = loop.play(never);
    await fed.clock.advance(500);
    expect((await played).status).toBe('completed');
  });

  it('closes a round below its minimum empty and ends the run after three in a row', async () => {
    const fed = federation();
    const loop = fed.loop();
    answerAll(fed, loop, [1, 2]);
    const played = loop.play(never);
    await fed.clock.advance(31_000);
    const outcome = await played;
    expect(outcome).toMatchObject({ status: 'failed', model: fed.plan.genesisModel, rounds: 3 });
    expect(outcome.reason).toContain('2 of at least 3 nodes');
    expect(await headersOf(fed)).toMatchObject([
      { included: 0, sumWeight: 0n, excluded: 4, modelAfter: fed.plan.genesisModel },
      { included: 0 },
      { included: 0 },
    ]);
  });

  it('names every decline and absence when the run fails', async () => {
    const fed = federation({ maxEmptyRounds: 1 });
    const loop = fed.loop();
    const told = { code: 'DATA_EMPTY', message: 'dataset heart has no usable train rows' };
    fed.link.onOffer = (node, offer) =>
      void (node === 1 ? fed.decline(loop, node, offer, told) : undefined);
    const played = loop.play(never);
    await fed.clock.advance(11_000);
    const { reason } = await played;
    expect(reason).toContain('node 0 was silent');
    expect(reason).toContain(`node 1 declined (${told.code}: ${told.message})`);
  });

  it('closes a round empty whose step is not finite', async () => {
    const fed = federation({ rounds: 1, maxEmptyRounds: 1 });
    fed.folders.isFinite = false;
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(1_000);
    expect((await played).reason).toContain('not finite');
  });

  it('gives the same promise for the same receipt and ignores another one', async () => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    const stop = new AbortController();
    const played = loop.play(stop.signal);
    await fed.clock.advance(1);
    const offer = fed.link.offers[0]?.offer as Offer;
    const node = 0 as NodeId;
    const first = await fed.submit(loop, node, offer);
    expect(first.outcome).toBe('accepted');
    expect(await fed.submit(loop, node, offer)).toEqual(first);
    expect(await fed.submit(loop, node, offer, { numExamples: 999n })).toMatchObject({
      outcome: 'ignored',
      code: 'ROUND_DUPLICATE',
    });
    stop.abort();
    await fed.clock.advance(1);
    expect((await played).status).toBe('cancelled');
  });

  it.each([
    ['a foreign chain', { chain: 'cc'.repeat(32) }, 'ROUND_WRONG_TASK'],
    ['another task', { task: 'cc'.repeat(32) }, 'ROUND_WRONG_TASK'],
    ['another size than was sent', { updateBytes: 99n }, 'ROUND_WRONG_TASK'],
    ['another key epoch', { keyEpoch: 1 }, 'ROUND_WRONG_TASK'],
    ['no examples', { numExamples: 0n }, 'ROUND_NO_EXAMPLES'],
  ])('rejects a receipt with %s', async (_, changes, code) => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    const stop = new AbortController();
    void loop.play(stop.signal);
    await fed.clock.advance(1);
    const offer = fed.link.offers[0]?.offer as Offer;
    const verdict = await fed.submit(loop, 0 as NodeId, offer, changes as never);
    expect(verdict).toMatchObject({ outcome: 'rejected', code });
    expect(loop.status().included).toBe(0);
    stop.abort();
  });

  it('rejects a receipt signed by another key and a malformed update, and says so in the exclusions', async () => {
    const fed = federation({ rounds: 1 });
    const loop = fed.loop();
    const played = loop.play(never);
    await fed.clock.advance(1);
    const offer = fed.link.offers[0]?.offer as Offer;
    const forged = await fed.submit(loop, 0 as NodeId, offer, {}, 1 as NodeId);
    expect(forged).toMatchObject({ outcome: 'rejected', code: 'ROUND_BAD_SIGNATURE' });
    fed.folders.malformed.add(fed.receiptFor(1 as NodeId, offer).update);
    const bad = await fed.submit(loop, 1 as NodeId, offer);
    expect(bad).toMatchObject({ outcome: 'rejected', code: 'UPDATE_MALFORMED' });
    const closes: unknown[] = [];
    const close = fed.journal.close.bind(fed.journal);
    fed.journal.close = (closed) => {
      closes.push(closed.exclusions.map(({ node, reason }) => [node, reason]));
      return close(closed);
    };
    await fed.submit(loop, 2 as NodeId, offer);
    await fed.clock.advance(10_001);
    expect(closes[0]).toEqual([
      [0, ExclusionReason.badSignature],
      [1, ExclusionReason.malformed],
      [2, ExclusionReason.quorum],
      [3, ExclusionReason.silent],
    ]);
    await fed.clock.advance(30_000);
    await played;
  });

  it('a killed coordinator resumes the same round and ends with the same model', async () => {
    const calm = federation();
    const calmLoop = calm.loop();
    answerAll(calm, calmLoop);
    const calmRun = calmLoop.play(never);
    await calm.clock.advance(1_000);
    const want = (await calmRun).model;

    const fed = federation();
    const first = fed.loop();
    answerAll(fed, first, [1, 3]); // two of four arrive, then the process is gone
    const killed = new AbortController();
    void first.play(killed.signal);
    await fed.clock.advance(100);
    fed.link.onOffer = () => undefined;
    killed.abort();
    await fed.clock.advance(1);
    const task = (await fed.journal.load(fed.plan.run)).open?.task;
    const second = fed.loop();
    answerAll(fed, second);
    const played = second.play(never);
    await fed.clock.advance(1_000);
    expect((await played).model).toBe(want);
    expect((await headersOf(fed))[0]?.task).toBe(
      fed.link.offers.find(({ offer }) => offer.task.task.round === task?.round)?.offer.taskHash,
    );
  });

  it('waits while a port is away, says why, and goes on', async () => {
    const fed = federation();
    fed.ledger.down = true;
    fed.folders.failures = 2;
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(600);
    expect(loop.status().waitingBecause).toBe('chain away');
    fed.ledger.down = false;
    await fed.clock.advance(60_000);
    expect((await played).status).toBe('completed');
  });

  it('waits for a chain that is away as long as it takes, and gives up over a fault that is no absence', async () => {
    const fed = federation();
    fed.ledger.down = new TallyError('LEDGER_UNREACHABLE', { url: 'ws://a', reason: 'gone' });
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(3_600_000);
    expect(loop.status().waitingBecause).toContain('cannot reach the chain');
    fed.ledger.down = false;
    await fed.clock.advance(60_000);
    expect((await played).status).toBe('completed');

    const other = federation();
    other.ledger.down = true;
    const failed = other.loop().play(never);
    await other.clock.advance(3_600_000);
    expect(await failed).toMatchObject({ status: 'failed', reason: 'chain away' });
  });

  it('does not run more than maxUncommitted rounds ahead of the chain', async () => {
    const fed = federation({ maxUncommitted: 2 });
    fed.ledger.anchoredRounds = 0;
    const loop = fed.loop();
    answerAll(fed, loop);
    const played = loop.play(never);
    await fed.clock.advance(5_000);
    expect((await headersOf(fed)).length).toBe(2);
    expect(loop.status().waitingBecause).toBe('2 rounds are not final on the chain yet');
    fed.ledger.anchoredRounds = 2;
    await fed.clock.advance(5_000);
    expect((await played).status).toBe('completed');
  });

  it('a node that comes back gets what it missed and the current offer', async () => {
    const fed = federation({ rounds: 2 });
    const loop = fed.loop();
    answerAll(fed, loop, [3]);
    const played = loop.play(never);
    await fed.clock.advance(10_500); // round 0 closed without node 3, round 1 is open
    fed.link.results.length = 0;
    fed.link.offers.length = 0;
    loop.joined(3 as NodeId);
    expect(fed.link.results.map(({ result }) => result.header.header.round)).toEqual([0]);
    expect(fed.link.results[0]?.result.inclusion).toBeUndefined();
    expect(fed.link.offers.map(({ offer }) => offer.task.task.round)).toEqual([1]);
    await fed.clock.advance(11_000);
    await played;
  });
});
