import { createServer as createPlain, type Server } from 'node:net';
import { type Clock, isTallyError, sleep, type TallyError } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CoordinatorApi } from '../http/coordinator-api.js';
import { TestProxy } from '../testing/test-proxy.js';
import { TlsServer } from '../testing/tls-server.js';
import { dial } from './dial.js';
import { fetchByWay } from './fetch-by-way.js';
import { STRAIGHT, type Way } from './way.js';

const Answer = z.strictObject({ a: z.int() });
const { signal } = new AbortController();

/** Asks through everything that a command or a node asks through. */
function ask(url: string, way: Way, clock: Clock = systemClock): Promise<{ a: number }> {
  const api = new CoordinatorApi({ url, token: () => 'secret', fetch: fetchByWay(way, clock) });
  return api.get(Answer, 'runs', signal);
}

async function faultOf(attempt: Promise<unknown>): Promise<TallyError> {
  const error: unknown = await attempt.then(
    () => new Error('it went through'),
    (reason: unknown) => reason,
  );
  if (isTallyError(error)) return error;
  throw error;
}

describe('the way to a coordinator', () => {
  let server: TlsServer;
  let proxy: TestProxy;

  beforeEach(async () => {
    server = await TlsServer.start();
    proxy = await TestProxy.start();
  });
  afterEach(async () => {
    await proxy.close();
    await server.close();
  });

  const pinned = (): Way => ({ ...STRAIGHT, pins: [server.pin] });
  const proxied = (more: Partial<Way> = {}): Way => ({
    pins: [server.pin],
    proxy: () => proxy.url,
    ...more,
  });

  it('takes the pinned key, whoever vouches for it', async () => {
    expect(await ask(server.url, pinned())).toEqual({ a: 1 });
    const two = { ...STRAIGHT, pins: ['sha256/other', server.pin] };
    expect(await ask(server.url, two)).toEqual({ a: 1 });
  });

  it('sends nothing to another key, and says which it saw', async () => {
    const stranger = await TlsServer.start();
    const fault = await faultOf(ask(stranger.url, pinned()));
    expect(fault.code).toBe('AUTH_CERTIFICATE_PIN');
    expect(fault.message).toContain(stranger.pin);
    expect(fault.message).toContain(server.pin);
    expect(stranger.requests).toEqual([]);
    await stranger.close();
  });

  it('sends nothing where nobody vouches and nothing is pinned', async () => {
    expect((await faultOf(ask(server.url, STRAIGHT))).code).toBe('AUTH_CERTIFICATE');
    expect(server.requests).toEqual([]);
  });

  it('takes no certificate before its time or after its end', async () => {
    for (const [days, words] of [
      [400, 'it ended on'],
      [-400, 'it begins on'],
    ] as const) {
      const at = Date.now() + days * 86_400_000;
      const then: Clock = { nowMs: () => at, after: (ms, call) => systemClock.after(ms, call) };
      const fault = await faultOf(ask(server.url, pinned(), then));
      expect(fault.code).toBe('AUTH_CERTIFICATE_EXPIRED');
      expect(fault.message).toContain(words);
    }
    expect(server.requests).toEqual([]);
  });

  it('is not talked down to plain HTTP', async () => {
    const plain = `http://127.0.0.1:${server.port}`;
    expect((await faultOf(ask(plain, pinned()))).code).toBe('AUTH_PLAIN_HTTP');
    expect((await faultOf(dial(plain, pinned(), { clock: systemClock, signal }))).code).toBe(
      'AUTH_PLAIN_HTTP',
    );
  });

  it('goes through a proxy, and the pin holds behind it', async () => {
    proxy.login = 'ada:p w/ü';
    const login = new URL(proxy.url);
    login.username = 'ada';
    login.password = 'p w/ü';
    expect(await ask(server.url, proxied({ proxy: () => login }))).toEqual({ a: 1 });
    expect(proxy.asked).toEqual([`127.0.0.1:${server.port}`]);
    const stranger = await TlsServer.start();
    proxy.detour = stranger.port; // it, or somebody behind it, answers in the coordinator's place
    const fault = await faultOf(ask(server.url, proxied({ proxy: () => login })));
    expect(fault.code).toBe('AUTH_CERTIFICATE_PIN');
    expect(stranger.requests).toEqual([]);
    await stranger.close();
  });

  it.each<[string, TestProxy['refusal'], string, string]>([
    ['a password', { answer: '407 Proxy Authentication Required' }, 'NET_PROXY_LOGIN', 'password'],
    ['nothing it can reach', { answer: '502 Bad Gateway' }, 'NET_PROXY', '502 Bad Gateway'],
    ['nothing it allows', { answer: '403 Forbidden' }, 'NET_PROXY', '403 Forbidden'],
    ['an answer of its own', 'speak-first', 'NET_PROXY', 'it speaks by itself'],
    ['to hang up', 'hang-up', 'NET_PROXY', 'hang up'],
  ])('says in words that the proxy wants %s', async (_what, refusal, code, words) => {
    proxy.refusal = refusal;
    const fault = await faultOf(ask(server.url, proxied()));
    expect(fault.code).toBe(code);
    expect(fault.message).toContain(words);
    expect(server.requests).toEqual([]);
  });

  it('waits neither for a silent proxy nor for a silent server for ever', async () => {
    proxy.refusal = 'silence';
    const mute: Server = createPlain(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const [way, url] of [
      [proxied(), server.url],
      [pinned(), `https://127.0.0.1:${port}`],
    ] as const) {
      const clock = new VirtualClock();
      const failed = faultOf(dial(url, way, { clock, signal }));
      await sleep(systemClock, 20, signal);
      await clock.advance(10_001);
      expect((await failed).code).toBe('NET_TIMEOUT');
      expect(clock.pending).toBe(0);
    }
    mute.close();
  });

  it('names an address where nobody listens', async () => {
    const gone = await TlsServer.start();
    const { url } = gone;
    await gone.close();
    const fault = await faultOf(ask(url, pinned()));
    expect(fault.code).toBe('NET_UNREACHABLE');
    expect(fault.message).toContain('ECONNREFUSED');
  });
});
