import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { asNodeId, type Clock, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import type { Sees } from '../auth/run-access.js';
import type { EventFeed } from '../persistence/event-feed.js';
import type { RunRows } from '../persistence/run-rows.js';
import { Wake } from '../wake.js';

/** Rows of one read. */
const BATCH = 200;
/** A comment while nothing happens, so that proxies keep the stream open. */
const PING_MS = 15_000;
/** Nobody tells a standby of new rows: it looks for them. */
const LOOK_MS = 1_000;

export interface EventStreamDeps {
  readonly rows: Pick<RunRows, 'events'>;
  readonly feed: EventFeed;
  /** False while another process writes the rows. */
  readonly isFed: () => boolean;
  readonly clock: Clock;
}

/** Who reads a stream, and from where on. */
interface Reader {
  /** Number of the last event that was seen; 0: none. */
  readonly last: number;
  /** Events of other nodes are left out. */
  readonly sees: Sees<NodeId>;
  readonly response: ServerResponse;
}

/**
 * Server-sent events of runs, read from rows: whoever gives the last number it saw misses none, across restarts too.
 * Written by hand and not by `@Sse`, because a reader that is slow must slow the reading of rows down, or the whole
 * history of a run would wait in memory for it.
 */
export class EventStreams {
  readonly #deps: EventStreamDeps;
  readonly #open = new Set<AbortController>();

  constructor(deps: EventStreamDeps) {
    this.#deps = deps;
  }

  /** Sends the events of `run` after number `last` until the client leaves or `complete` is called. */
  async send(run: RunId, { last, sees, response }: Reader): Promise<void> {
    const { feed, clock } = this.#deps;
    const over = new AbortController();
    const wake = new Wake(clock);
    const unwatch = feed.watch(run, () => wake.set());
    this.#open.add(over);
    response.once('close', () => over.abort());
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    try {
      for (let from = last; !over.signal.aborted;) {
        const next = await this.#sendBatch(run, from, {
          ...{ response, sees },
          signal: over.signal,
        });
        if (next === from) await this.#idle(response, wake, over.signal);
        from = next;
      }
    } catch {
      // The database is away: the client comes back with the last number it saw.
    } finally {
      unwatch();
      this.#open.delete(over);
      response.end();
    }
  }

  /** Ends every stream politely. */
  complete(): void {
    for (const over of this.#open) over.abort();
  }

  /** The number of the last event that was sent. */
  async #sendBatch(
    run: RunId,
    last: number,
    { response, sees, signal }: Omit<Reader, 'last'> & { readonly signal: AbortSignal },
  ): Promise<number> {
    const events = await this.#deps.rows.events(run, last, BATCH);
    for (const event of events) {
      if (signal.aborted) break;
      if (event.node !== undefined && !sees(asNodeId(event.node))) continue;
      if (!response.write(textOf(event))) await once(response, 'drain', { signal });
    }
    return events.at(-1)?.id ?? last;
  }

  async #idle(response: ServerResponse, wake: Wake, signal: AbortSignal): Promise<void> {
    const { clock, isFed } = this.#deps;
    const sinceMs = clock.nowMs();
    const quietMs = isFed() ? PING_MS : LOOK_MS;
    await wake.sleep(quietMs, signal);
    const isQuiet = clock.nowMs() - sinceMs >= quietMs;
    if (isQuiet && !signal.aborted) response.write(': nothing new\n\n');
  }
}

/** The number of a Last-Event-ID header; 0 without one. Throws USAGE_INVALID. */
export function lastEventId(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const detail = `Last-Event-ID ${text.slice(0, 40)} is not the number of an event`;
  throw new TallyError('USAGE_INVALID', { detail });
}

function textOf(event: RunEvent): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
}
