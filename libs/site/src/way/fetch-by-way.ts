import type { Socket } from 'node:net';
import type { Clock } from '@tallystick/kernel';
import type { RequestInit as UndiciInit } from 'undici';
import { dial } from './dial.js';
import type { Way } from './way.js';

/** `fetch` of the platform, one that dials by itself, or a test's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Requests whose every connection was dialled by `way`; connections are kept and used again. */
export function fetchByWay(way: Way, clock: Clock): Fetch {
  let dialled: Promise<Fetch> | undefined;
  return async (url, init) => {
    const target = new URL(url);
    const isPlain = target.protocol === 'http:' && way.pins.length === 0;
    if (isPlain && way.proxy(target) === undefined) return fetch(url, init);
    dialled ??= dialledFetch(way, clock);
    return (await dialled)(url, init);
  };
}

/** Loaded when it is needed: a federation on one machine needs neither TLS nor proxy, and undici takes 8 MB. */
async function dialledFetch(way: Way, clock: Clock): Promise<Fetch> {
  const { Agent, fetch: fetchWith } = await import('undici');
  const never = new AbortController().signal; // a request that is given up leaves its connection to the next one
  const dispatcher = new Agent({
    connect: ({ protocol, host, hostname }, callback) => {
      void handOver(
        dial(`${protocol}//${host ?? hostname}`, way, { clock, signal: never }),
        callback,
      );
    },
  });
  // The same interfaces, declared once by undici and once by the types of Node.
  return (url, init: unknown) =>
    fetchWith(url, { ...(init as UndiciInit), dispatcher }) as Promise<Response>;
}

type Outcome = [null, Socket] | [Error, null];

/** undici wants a callback. */
async function handOver(
  dialling: Promise<Socket>,
  callback: (...outcome: Outcome) => void,
): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = [null, await dialling];
  } catch (error) {
    outcome = [error instanceof Error ? error : new Error(String(error)), null];
  }
  callback(...outcome);
}
