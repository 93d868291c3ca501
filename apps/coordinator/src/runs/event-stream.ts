import type { MessageEvent } from '@nestjs/common';
import { type Clock, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import { Observable } from 'rxjs';
import type { EventFeed } from '../persistence/event-feed.js';
import type { RunRows } from '../persistence/run-rows.js';

/** Rows of one read. */
const BATCH = 200;
/** Something to send while nothing happens, so that proxies keep the stream open. */
const PING_MS = 15_000;

export interface EventStreamDeps {
  readonly rows: RunRows;
  readonly feed: EventFeed;
  readonly clock: Clock;
}

/** Server-sent events of runs, read from rows: whoever gives the last id it saw misses none, across restarts too. */
export class EventStreams {
  readonly #deps: EventStreamDeps;
  readonly #open = new Set<() => void>();

  constructor(deps: EventStreamDeps) {
    this.#deps = deps;
  }

  /** Events of `run` after number `after`, without end. Unsubscribing frees everything. */
  open(run: RunId, after: number): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      let last = after;
      let isReading = false;
      let isStale = true;
      const read = async (): Promise<void> => {
        isStale = true;
        if (isReading) return;
        isReading = true;
        try {
          while (isStale && !subscriber.closed) {
            isStale = false;
            const events = await this.#deps.rows.events(run, last, BATCH);
            for (const event of events) subscriber.next(messageOf(event));
            last = events.at(-1)?.id ?? last;
            isStale ||= events.length === BATCH;
          }
        } catch (error) {
          subscriber.error(error); // the client comes back with the last id it saw
        } finally {
          isReading = false;
        }
      };
      const ping = (): void => {
        subscriber.next({ type: 'ping', data: '' });
        timer = this.#deps.clock.after(PING_MS, ping);
      };
      let timer = this.#deps.clock.after(PING_MS, ping);
      const unwatch = this.#deps.feed.watch(run, () => void read());
      const complete = (): void => subscriber.complete();
      this.#open.add(complete);
      subscriber.add(() => {
        this.#open.delete(complete);
        timer.cancel();
        unwatch();
      });
      void read();
    });
  }

  /** Ends every stream politely. */
  complete(): void {
    for (const complete of [...this.#open]) complete();
  }
}

/** The number of a Last-Event-ID header or `after` query; 0 without one. Throws USAGE_INVALID. */
export function lastEventId(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TallyError('USAGE_INVALID', {
    detail: `Last-Event-ID ${text.slice(0, 40)} is no event`,
  });
}

function messageOf(event: RunEvent): MessageEvent {
  return { id: String(event.id), data: event };
}
