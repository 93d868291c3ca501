import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { asNodeId, asRunId } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import type { RunEvent } from '@tallystick/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventFeed } from '../persistence/event-feed.js';
import { EventStreams, lastEventId } from './event-streams.js';

const RUN = asRunId(1);
const FOREIGN = asNodeId(9);

/** A client that takes nothing while it is slow. */
class FakeResponse extends EventEmitter {
  text = '';
  isSlow = false;
  isEnded = false;
  writeHead(): void {
    return;
  }
  flushHeaders(): void {
    return;
  }
  write(text: string): boolean {
    this.text += text;
    return !this.isSlow;
  }
  end(): void {
    this.isEnded = true;
  }
  ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  }
}

describe('EventStreams', () => {
  let stored: RunEvent[];
  let reads: number;
  let clock: VirtualClock;
  let feed: EventFeed;
  let streams: EventStreams;
  let response: FakeResponse;
  let isFed: boolean;
  beforeEach(() => {
    isFed = true;
    stored = [];
    reads = 0;
    clock = new VirtualClock();
    feed = new EventFeed();
    response = new FakeResponse();
    const events = (_: unknown, after: number, limit: number): Promise<RunEvent[]> => {
      reads++;
      return Promise.resolve(stored.filter(({ id }) => id > after).slice(0, limit));
    };
    streams = new EventStreams({ rows: { events }, feed, isFed: () => isFed, clock });
  });

  function store(count: number): void {
    for (let i = 0; i < count; i++) {
      const event = { run: RUN, atMs: 0, type: 'round.opened' as const, detail: {} };
      stored.push({ ...event, id: stored.length + 1 });
    }
    feed.notify(RUN);
  }

  const send = (after: number): Promise<void> =>
    streams.send(RUN, {
      ...{ last: after, sees: (node) => node !== FOREIGN },
      response: response as unknown as ServerResponse, // the stream uses these methods alone
    });

  it('looks for rows that another process writes', async () => {
    isFed = false;
    const sending = send(0);
    await clock.advance(1);
    stored.push({ id: 1, run: RUN, atMs: 0, type: 'round.opened', detail: {} });
    await clock.advance(1_000);
    expect(response.ids()).toEqual([1]);
    streams.complete();
    await sending;
  });

  it('sends what is stored after the last number, then what comes', async () => {
    store(450);
    const sending = send(3);
    await clock.advance(1);
    expect(response.ids()).toEqual(Array.from({ length: 447 }, (_, i) => i + 4));
    store(2);
    await clock.advance(1);
    expect(response.ids().slice(-2)).toEqual([451, 452]);
    streams.complete();
    await sending;
    expect(response.isEnded).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('leaves out what became of nodes that the reader does not see', async () => {
    const about = (node?: number): void => {
      const event = { run: RUN, atMs: 0, type: 'node.evaluated' as const, detail: { auc: 1 } };
      const id = stored.length + 1;
      stored.push({ ...event, id, ...(node === undefined ? {} : { node: asNodeId(node) }) });
    };
    for (const node of [1, FOREIGN, undefined, FOREIGN, 2]) about(node);
    const sending = send(0);
    await clock.advance(1);
    expect(response.ids()).toEqual([1, 3, 5]);
    response.emit('close');
    await sending;
  });

  it('reads no further than a slow client takes', async () => {
    response.isSlow = true;
    store(1_000);
    const sending = send(0);
    await clock.advance(1);
    expect(response.ids()).toEqual([1]);
    expect(reads).toBe(1);
    response.isSlow = false;
    response.emit('drain');
    await clock.advance(1);
    expect(response.ids()).toHaveLength(1_000);
    response.emit('close');
    await sending;
  });

  it('says something while nothing happens', async () => {
    const sending = send(0);
    await clock.advance(30_000);
    expect(response.text).toBe(': nothing new\n\n: nothing new\n\n');
    response.emit('close');
    await sending;
  });

  it('takes only numbers for a place in the stream', () => {
    expect(lastEventId(undefined)).toBe(0);
    expect(lastEventId('17')).toBe(17);
    expect(() => lastEventId('-1')).toThrow('-1');
  });
});
