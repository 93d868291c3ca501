import { VirtualClock } from '@tallystick/kernel/testing';
import { LIMITS } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Fetch } from '../way/fetch-by-way.js';
import { CoordinatorApi } from './coordinator-api.js';

const Answer = z.strictObject({ a: z.int() });
const { signal } = new AbortController();

function api(fetch: Fetch, clock = new VirtualClock()): CoordinatorApi {
  return new CoordinatorApi({ url: 'http://c.test/', fetch, clock, token: () => 'secret' });
}

/** A body that gives `pieces` and then neither ends nor goes on. */
function stalled(...pieces: readonly string[]): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  return new Response(body);
}

/** As `fetch` does: an aborted request takes its body with it. */
function abortable(response: Response): Fetch {
  return (_url, init) =>
    Promise.resolve(
      new Response(
        response.body?.pipeThrough(
          new TransformStream(),
          init.signal ? { signal: init.signal } : {},
        ) ?? null,
      ),
    );
}

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('CoordinatorApi', () => {
  it('asks a stream for what follows the last event that was seen', async () => {
    const seen: (string | null)[] = [];
    const listen = api((_url, init) => {
      seen.push(new Headers(init.headers).get('last-event-id'));
      return Promise.resolve(new Response(''));
    });
    const stream = { path: 'runs/0/events', offset: 0, maxBytes: 9 };
    await listen.download({ ...stream, lastEventId: 7 }, () => undefined, signal);
    await listen.download(stream, () => undefined, signal);
    expect(seen).toEqual(['7', null]);
  });

  it('asks below /api/v1 with its token and follows nobody', async () => {
    const seen: [string, RequestInit][] = [];
    const answer = await api(async (url, init) => {
      seen.push([url, init]);
      return Response.json({ a: 1 });
    }).get(Answer, 'runs/0', signal);
    expect(answer).toEqual({ a: 1 });
    expect(seen[0]?.[0]).toBe('http://c.test/api/v1/runs/0');
    expect(seen[0]?.[1]).toMatchObject({
      method: 'GET',
      redirect: 'error',
      headers: { authorization: 'Bearer secret' },
    });
  });

  it.each<[string, () => Response, string]>([
    ['no JSON', () => new Response('<html>'), 'PROTO_MALFORMED'],
    ['another shape', () => Response.json({ a: 'x' }), 'PROTO_MALFORMED'],
    ['too much', () => new Response('x'.repeat(LIMITS.maxRestBodyBytes + 1)), 'PROTO_TOO_LARGE'],
    ['an unknown error', () => new Response('?', { status: 502 }), 'NET_UNREACHABLE'],
    [
      'a known error',
      () => {
        const error = { code: 'AUTH_REQUIRED', message: 'm', hint: 'h' };
        return Response.json({ error }, { status: 401 });
      },
      'AUTH_REQUIRED',
    ],
  ])('rejects an answer that is %s', async (_what, response, code) => {
    const asked = api(() => Promise.resolve(response()));
    await expect(asked.get(Answer, 'x', signal)).rejects.toMatchObject({ code });
  });

  it('waits neither for an answer nor for the rest of one for ever', async () => {
    const clock = new VirtualClock();
    const never = api(
      (_url, init) =>
        new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
      clock,
    ).get(Answer, 'x', signal);
    const failure = failureOf(never);
    await clock.advance(30_001);
    expect(await failure).toMatchObject({ code: 'NET_TIMEOUT' });
    const half = api(abortable(stalled('{"a"')), clock).get(Answer, 'x', signal);
    const halfFailure = failureOf(half);
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(30_001);
    expect(await halfFailure).toMatchObject({ code: 'NET_TIMEOUT' });
    expect(clock.pending).toBe(0);
  });

  it('rejects with the reason of the caller who gave up', async () => {
    const stop = new AbortController();
    const asked = api(abortable(stalled('{'))).get(Answer, 'x', stop.signal);
    const failure = failureOf(asked);
    stop.abort(new Error('enough'));
    expect(await failure).toMatchObject({ message: 'enough' });
  });

  it('downloads from an offset, and takes no whole file for a part', async () => {
    const fetch: Fetch = async (_url, init) => {
      const range = new Headers(init.headers).get('range');
      return new Response(range ?? 'all', { status: range === 'bytes=9-' ? 200 : 206 });
    };
    const from = async (offset: number): Promise<string> => {
      const pieces: Uint8Array[] = [];
      const request = { path: 'models/x', offset, maxBytes: 100 };
      await api(fetch).download(request, (piece) => void pieces.push(piece), signal);
      return Buffer.concat(pieces).toString();
    };
    expect(await from(0)).toBe('all');
    expect(await from(7)).toBe('bytes=7-');
    await expect(from(9)).rejects.toMatchObject({ code: 'NET_UNREACHABLE' });
  });

  it('has given what came when a download breaks off', async () => {
    const stop = new AbortController();
    const pieces: Uint8Array[] = [];
    const request = { path: 'models/x', offset: 0, maxBytes: 100 };
    const take = (piece: Uint8Array): void => {
      pieces.push(piece);
      stop.abort(new Error('broken'));
    };
    const broken = api(abortable(stalled('abc'))).download(request, take, stop.signal);
    expect(await failureOf(broken)).toMatchObject({ message: 'broken' });
    expect(Buffer.concat(pieces).toString()).toBe('abc');
  });
});
