import { asNodeId, asRunId, toHex } from '@tallystick/kernel';
import { SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { CONTRIB } from '@tallystick/record';
import { CoordinatorApi, type Fetch } from '@tallystick/site';
import { TestCoordinator, testHash } from '@tallystick/site/testing';
import { describe, expect, it } from 'vitest';
import { HttpSource } from './http-source.js';
import { BackOff } from './link/back-off.js';

const { signal } = new AbortController();
const FILE = Buffer.from('0123456789'.repeat(10));

/** Serves FILE with ranges and breaks off after `perRequest` bytes while there is more. */
function breaking(perRequest: number): { fetch: Fetch; ranges: string[] } {
  const ranges: string[] = [];
  return {
    ranges,
    fetch: async (_url, init) => {
      const range = new Headers(init.headers).get('range') ?? 'bytes=0-';
      ranges.push(range);
      const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
      const rest = FILE.subarray(from);
      let isGiven = false;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (ranges.length > 100) throw new Error('too often');
          const piece = rest.subarray(0, perRequest);
          // Whoever asks for more than the first piece meets the cut; the piece itself was read by then.
          if (isGiven || piece.length === 0) return controller.error(new Error('cut'));
          isGiven = true;
          controller.enqueue(new Uint8Array(piece));
          if (piece.length === rest.length) controller.close();
        },
      });
      return new Response(body, { status: from === 0 ? 200 : 206 });
    },
  };
}

const clock = new VirtualClock();

function source(fetch: Fetch): HttpSource {
  const backOff = (): BackOff => new BackOff(new SeededEntropy(1));
  const api = new CoordinatorApi({ url: 'http://c.test', fetch });
  return new HttpSource({ api: () => api, clock, backOff });
}

describe('HttpSource', () => {
  it('takes a broken download up where it stopped', async () => {
    const { fetch, ranges } = breaking(40);
    const bytes = await source(fetch).model(testHash('m'), signal);
    expect(Buffer.from(bytes).equals(FILE)).toBe(true);
    expect(ranges).toEqual(['bytes=0-', 'bytes=40-', 'bytes=80-']);
  });

  it('gives up when nothing more comes', async () => {
    const { fetch, ranges } = breaking(0);
    await expect(source(fetch).model(testHash('m'), signal)).rejects.toMatchObject({
      code: 'NET_UNREACHABLE',
    });
    expect(ranges).toHaveLength(4);
  });

  it('comes back to a busy coordinator when it says, and not before', async () => {
    const askedAtMs: number[] = [];
    const busy = { error: { code: 'NET_BUSY', message: 'too many downloads', hint: 'later' } };
    const fetch: Fetch = async () => {
      askedAtMs.push(clock.nowMs());
      return askedAtMs.length < 4
        ? new Response(JSON.stringify(busy), { status: 503, headers: { 'retry-after': '2' } })
        : new Response(FILE);
    };
    const got = source(fetch).model(testHash('m'), signal);
    for (let turn = 0; turn < 100 && askedAtMs.length < 4; turn++) {
      await clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve)); // a Response body is read outside the virtual clock
    }
    expect(Buffer.from(await got).equals(FILE)).toBe(true);
    const waits = askedAtMs.slice(1).map((atMs, i) => atMs - (askedAtMs[i] ?? 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2_000);
  });

  it('does not repeat a refusal', async () => {
    let asked = 0;
    const refusing: Fetch = async () => {
      asked++;
      const error = { code: 'MODEL_UNKNOWN', message: 'm', hint: '' };
      return Response.json({ error }, { status: 404 });
    };
    await expect(source(refusing).model(testHash('m'), signal)).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
    });
    expect(asked).toBe(1);
  });

  it('asks for a server state by its hash', async () => {
    const urls: string[] = [];
    const fetch: Fetch = async (url) => {
      urls.push(url);
      return new Response(Uint8Array.of(1, 2, 3));
    };
    const bytes = await source(fetch).state(testHash('s'), signal);
    expect([...bytes]).toEqual([1, 2, 3]);
    expect(urls).toEqual([`http://c.test/api/v1/states/${testHash('s')}`]);
  });

  it('asks for headers by round', async () => {
    const urls: string[] = [];
    const fetch: Fetch = async (url) => {
      urls.push(url);
      return Response.json({ headers: [] });
    };
    expect(await source(fetch).headers(asRunId(7), 3, signal)).toEqual([]);
    expect(urls).toEqual(['http://c.test/api/v1/runs/7/headers?from=3&limit=64']);
  });

  it('reads the leaves of a round, and refuses torn ones', async () => {
    const bench = new TestCoordinator({ spec: testHash('s'), model: testHash('m') });
    const offer = bench.offer();
    const leaf = {
      node: asNodeId(1),
      keyEpoch: 0,
      receipt: testHash('r'),
      update: testHash('u'),
      numExamples: 5n,
      weight: 5n,
    };
    const answer = (leaves: string): Fetch => {
      const evidence = {
        run: 0,
        round: 0,
        task: offer.task.wire,
        cohort: '',
        header: bench.close(offer, []).header.wire,
        leaves,
        excluded: '',
        receipts: [],
        declines: [],
        promises: [],
        metrics: '{}',
      };
      return () => Promise.resolve(Response.json(evidence));
    };
    const bytes = toHex(CONTRIB.encode(leaf));
    const contents = { leaves: [leaf], excluded: [] };
    expect(await source(answer(bytes)).contents(asRunId(0), 0, signal)).toEqual(contents);
    expect((await source(answer('')).contents(asRunId(0), 0, signal)).leaves).toEqual([]);
    await expect(source(answer(bytes.slice(2))).contents(asRunId(0), 0, signal)).rejects.toThrow(
      /contrib/,
    );
  });
});
