import type { NodeId } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import {
  decodeSigned,
  ExclusionReason,
  type Header,
  HEADER,
  PROMISE,
  recordHash,
  RoundMode,
} from '@tallystick/record';
import { describe, expect, it } from 'vitest';
import type { CloseRound, Offer } from './ports/index.js';
import type { RunLoop } from './run-loop.js';
import { FakeFederation } from './testing/fake-federation.js';
import { specOf } from './testing/unit-run.js';
import type { Verdict } from './verdict.js';

const nodes = [10, 11, 12, 13].map((byte) => signerFromSeed(new Uint8Array(32).fill(byte)));
const coordinator = signerFromSeed(new Uint8Array(32).fill(1));
const [A, B, C, D] = [0, 1, 2, 3] as [NodeId, NodeId, NodeId, NodeId];

/** Four nodes, a buffer of two, updates up to two rounds old. */
class Bench {
  readonly fed: FakeFederation;
  readonly closes: CloseRound[] = [];
  loop: RunLoop;
  played: ReturnType<RunLoop['play']>;
  #stop = new AbortController();

  constructor(changes: Record<string, unknown> = {}) {
    const spec = specOf({
      rounds: 6,
      window: { count: { min: 1, max: 2 }, deadlineMs: 10_000 },
      asynchronous: { maxStaleness: 2 },
      ...changes,
    });
    this.fed = new FakeFederation(spec, { sha256, ed25519, coordinator, nodes });
    const close = this.fed.journal.close.bind(this.fed.journal);
    this.fed.journal.close = (closed) => {
      this.closes.push(closed);
      return close(closed);
    };
    this.loop = this.fed.loop();
    this.played = this.loop.play(this.#stop.signal);
  }

  /** The newest offer of `round` to `node`. */
  offer(node: NodeId, round: number): Offer {
    const found = this.fed.link.offers.findLast(
      (one) => one.node === node && one.offer.task.task.round === round,
    );
    if (found === undefined) throw new Error(`node ${node} was not given round ${round}`);
    return found.offer;
  }

  async submit(node: NodeId, round: number): Promise<Verdict> {
    const verdict = await this.fed.submit(this.loop, node, this.offer(node, round));
    await this.settle();
    return verdict;
  }

  settle(): Promise<void> {
    return this.fed.clock.advance(1);
  }

  /** Rounds that `node` was given, in order. */
  given(node: NodeId): number[] {
    return this.fed.link.offers
      .filter((one) => one.node === node)
      .map(({ offer }) => offer.task.task.round);
  }

  /** `[node, round of the receipt, weight]` of everything round `round` counts. */
  async counted(round: number): Promise<[number, number, bigint][]> {
    const { recent } = await this.fed.journal.load(this.fed.plan.run, 9);
    const rows = recent.find((past) => past.round === round)?.contributions ?? [];
    return rows
      .toSorted((a, b) => a.node - b.node)
      .map(({ node, receipt, weight }) => [node, receipt.round, weight]);
  }

  async restart(): Promise<void> {
    this.#stop.abort();
    await this.settle();
    this.#stop = new AbortController();
    this.loop = this.fed.loop();
    this.played = this.loop.play(this.#stop.signal);
    await this.settle();
  }
}

describe('asynchronous rounds', () => {
  it('close at count.max; an update keeps the round of its task and counts, discounted, in a later one', async () => {
    const bench = new Bench();
    await bench.settle();
    expect([A, B, C, D].map((node) => bench.given(node))).toEqual([[0], [0], [0], [0]]);
    await bench.submit(A, 0);
    await bench.submit(B, 0); // the buffer is full
    expect([A, B, C, D].map((node) => bench.given(node))).toEqual([[0, 1], [0, 1], [0], [0]]);
    const verdict = await bench.submit(C, 0);
    if (verdict.outcome !== 'accepted') throw new Error(verdict.code);
    expect(decodeSigned(PROMISE, verdict.promise).value.round).toBe(1);
    await bench.submit(A, 1);
    await bench.submit(D, 0);
    await bench.submit(B, 1);
    expect(await bench.counted(0)).toEqual([
      [0, 0, 10n],
      [1, 0, 20n],
    ]);
    expect(await bench.counted(1)).toEqual([
      [0, 1, 10n],
      [2, 0, (30n * 46_341n) / 65_536n],
    ]);
    expect(await bench.counted(2)).toEqual([
      [1, 1, (20n * 46_341n) / 65_536n],
      [3, 0, (40n * 37_837n) / 65_536n],
    ]);
    const headers = bench.closes.map(({ header }) => header);
    expect(headers.map(({ mode }) => mode)).toEqual([2, 2, 2].map(() => RoundMode.asynchronous));
    expect(headers[1]?.prev).toBe(recordHash(sha256, HEADER, headers[0] as Header));
    expect(bench.closes[0]?.exclusions.map(({ node, reason }) => [node, reason])).toEqual([
      [2, ExclusionReason.pending],
      [3, ExclusionReason.pending],
    ]);
  });

  it('a node is at work on one task, gets the newest after its verdict, and every result', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    expect(bench.given(A)).toEqual([0]); // it is in this round already
    await bench.submit(B, 0);
    await bench.submit(A, 1);
    await bench.submit(B, 1);
    await bench.submit(C, 0);
    expect(bench.given(C)).toEqual([0]); // counted in round 2; the next round is its next task
    await bench.submit(A, 2);
    expect(bench.given(C)).toEqual([0, 3]);
    const told = bench.fed.link.results.filter(({ node }) => node === D);
    expect(told.map(({ result }) => result.header.header.round)).toEqual([0, 1, 2]);
    const shown = bench.fed.link.results.filter(({ result }) => result.task !== undefined);
    expect(shown.map(({ node, result }) => [node, result.task?.task.round])).toEqual([[C, 2]]);
  });

  it('ignores an update that is too old, drops its upload, and gives the node the newest task', async () => {
    const bench = new Bench();
    await bench.settle();
    const stale = bench.offer(D, 0);
    for (const round of [0, 1, 2]) {
      await bench.submit(A, round);
      await bench.submit(B, round);
    }
    expect(bench.fed.link.drops).toContain('3/0');
    expect(bench.given(D)).toEqual([0, 3]);
    expect(bench.loop.expects(D, 0)).toBe(false);
    const verdict = await bench.fed.submit(bench.loop, D, stale);
    expect(verdict).toMatchObject({ outcome: 'ignored', code: 'ROUND_TOO_STALE' });
    expect(bench.loop.expects(D, 3)).toBe(true);
    expect((await bench.submit(D, 3)).outcome).toBe('accepted');
  });

  it('counts a receipt once, and repeats its promise whenever it is asked for', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    const first = await bench.submit(B, 0);
    expect(await bench.submit(B, 0)).toEqual(first); // the round is closed
    const changed = await bench.fed.submit(bench.loop, B, bench.offer(B, 0), { numExamples: 99n });
    expect(changed).toMatchObject({ outcome: 'ignored', code: 'ROUND_DUPLICATE' });
    expect(bench.loop.status().included).toBe(0);
    await bench.restart();
    expect(await bench.submit(B, 0)).toEqual(first);
    await bench.submit(B, 1);
    await bench.submit(C, 1);
    expect(await bench.submit(B, 0)).toEqual(first);
    expect((await bench.counted(1)).map(([node]) => node)).toEqual([1, 2]);
  });

  it('asks again for a receipt that came with a full buffer, and takes it in the next round', async () => {
    const bench = new Bench();
    await bench.settle();
    const offers = [A, B, C, D].map((node) => ({ node, offer: bench.offer(node, 0) }));
    const verdicts = await Promise.all(
      offers.map(({ node, offer }) => bench.fed.submit(bench.loop, node, offer)),
    );
    await bench.settle();
    expect(verdicts.map((one) => (one.outcome === 'accepted' ? '' : one.code))).toEqual([
      '',
      '',
      'ROUND_CLOSED',
      'ROUND_CLOSED',
    ]);
    expect(bench.closes[0]?.exclusions.map(({ reason }) => reason)).toEqual([10, 10]);
    expect([A, B, C, D].map((node) => bench.given(node))).toEqual([
      [0, 1],
      [0, 1],
      [0, 0],
      [0, 0],
    ]);
    await bench.submit(C, 0);
    await bench.submit(D, 0);
    expect((await bench.counted(1)).map(([node, round]) => [node, round])).toEqual([
      [2, 0],
      [3, 0],
    ]);
  });

  it('knows after a restart what counted and what may still come', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    await bench.submit(B, 0);
    await bench.submit(A, 1);
    await bench.restart();
    expect(bench.loop.status()).toMatchObject({ round: 1, included: 1 });
    expect((await bench.submit(D, 0)).outcome).toBe('accepted');
    expect((await bench.counted(1)).map(([node, round]) => [node, round])).toEqual([
      [0, 1],
      [3, 0],
    ]);
  });

  it('a node that comes back is given what it may be at work on, and the newest task', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    await bench.submit(B, 0);
    bench.loop.joined(C);
    expect(bench.given(C)).toEqual([0, 0, 1]);
    await bench.submit(C, 0); // its second task is not counted beside it
    expect(await bench.submit(C, 1)).toMatchObject({ code: 'ROUND_CLOSED' });
    await bench.submit(A, 1);
    expect(bench.given(C)).toEqual([0, 0, 1, 1]); // round 2 asks for it again
    expect((await bench.submit(C, 1)).outcome).toBe('accepted');
  });

  it('gives the newest task to a node whose old update was refused', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    await bench.submit(B, 0);
    const bad = await bench.fed.submit(bench.loop, C, bench.offer(C, 0), { numExamples: 0n });
    expect(bad).toMatchObject({ outcome: 'rejected', code: 'ROUND_NO_EXAMPLES' });
    expect(bench.given(C)).toEqual([0, 1]);
    expect((await bench.submit(C, 1)).outcome).toBe('accepted');
  });

  it('takes the decline of an old task for what it is: the node is free for the newest', async () => {
    const bench = new Bench();
    await bench.settle();
    await bench.submit(A, 0);
    await bench.submit(B, 0);
    await bench.fed.decline(bench.loop, C, bench.offer(C, 0));
    await bench.settle();
    expect(bench.given(C)).toEqual([0, 1]);
    await bench.fed.decline(bench.loop, C, bench.offer(C, 1));
    await bench.submit(A, 1);
    await bench.submit(B, 1);
    expect(bench.closes[1]?.exclusions.map(({ node, reason }) => [node, reason])).toEqual([
      [2, ExclusionReason.declined],
      [3, ExclusionReason.pending],
    ]);
  });

  it('closes at the deadline with what arrived, and empty below the least', async () => {
    const bench = new Bench({ window: { count: { min: 2, max: 3 }, deadlineMs: 10_000 } });
    await bench.settle();
    await bench.submit(A, 0);
    await bench.fed.clock.advance(10_000);
    expect(bench.closes[0]?.header.included).toBe(0);
    expect(bench.closes[0]?.exclusions.map(({ reason }) => reason)).toEqual([9, 10, 10, 10]);
    await bench.submit(B, 0);
    await bench.submit(A, 1);
    await bench.fed.clock.advance(10_000);
    expect((await bench.counted(1)).map(([node, round]) => [node, round])).toEqual([
      [0, 1],
      [1, 0],
    ]);
    const again = await bench.fed.submit(bench.loop, A, bench.offer(A, 0));
    expect(again.outcome).toBe('accepted'); // the promise of the empty round, once more; it counts nowhere
    expect(bench.loop.status().included).toBe(0);
  });

  it('rejects a receipt for a round that is not open yet, or that its node was not given', async () => {
    const bench = new Bench();
    await bench.settle();
    const offer = bench.offer(A, 0);
    expect(await bench.fed.submit(bench.loop, A, offer, { round: 1 })).toMatchObject({
      outcome: 'rejected',
      code: 'ROUND_WRONG_TASK',
    });
    await bench.submit(B, 0);
    await bench.submit(C, 0);
    const task = bench.offer(B, 1).taskHash;
    expect(await bench.fed.submit(bench.loop, A, offer, { task })).toMatchObject({
      outcome: 'rejected',
      code: 'ROUND_WRONG_TASK',
    });
  });
});
