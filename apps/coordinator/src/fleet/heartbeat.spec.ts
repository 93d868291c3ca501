import { EventEmitter } from 'node:events';
import { asNodeId, type Clock } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { LIMITS } from '@tallystick/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Heartbeat, type LostNode, type NodeWork } from './heartbeat.js';

class FakeSocket extends EventEmitter {
  isPaused = false;
  isAlive = true;
  pings = 0;
  isCut = false;
  ping(): void {
    this.pings++;
    if (this.isAlive) this.emit('pong');
  }
  terminate(): void {
    this.isCut = true;
  }
}

describe('Heartbeat', () => {
  let clock: VirtualClock;
  let heartbeat: Heartbeat;
  let skewMs: number;
  let lost: LostNode[];
  let socket: FakeSocket;
  let watched: { node: ReturnType<typeof asNodeId>; work: NodeWork | undefined };

  beforeEach(() => {
    clock = new VirtualClock();
    lost = [];
    skewMs = 0;
    const skewed: Clock = {
      nowMs: () => clock.nowMs() + skewMs,
      after: (delayMs, callback) => clock.after(delayMs, callback),
    };
    heartbeat = new Heartbeat(skewed, LIMITS, (node) => lost.push(node));
    heartbeat.start();
    watched = { node: asNodeId(7), work: undefined };
    socket = add(watched);
  });
  afterEach(() => heartbeat.stop());

  function add(of: typeof watched): FakeSocket {
    const added = new FakeSocket();
    heartbeat.add(added as unknown as WebSocket, of); // the heartbeat uses these members alone
    return added;
  }

  /** Lets time pass as the timers of a process do, and gives the time at which somebody was found lost. */
  async function untilLost(limitMs: number): Promise<number> {
    const from = clock.nowMs();
    while (lost.length === 0 && clock.nowMs() - from < limitMs) await clock.advance(50);
    return clock.nowMs() - from;
  }

  it('pings an idle node every 30 s and one with work every 2 s', async () => {
    await clock.advance(LIMITS.heartbeatMs);
    expect(socket.pings).toBe(1);
    watched.work = 'offer';
    await clock.advance(30_000);
    expect(socket.pings).toBeGreaterThanOrEqual(15);
    watched.work = undefined;
    const before = socket.pings;
    await clock.advance(90_000);
    expect(socket.pings - before).toBe(3);
    expect(lost).toEqual([]);
  });

  it('notices a dead node with work in less than 5 s, whenever it dies, and names it', async () => {
    watched.work = 'upload';
    const bystander = add({ node: asNodeId(8), work: 'offer' });
    for (let at = 0; at < 3_000; at += 130) {
      lost.length = 0;
      const mortal = add(watched);
      await clock.advance(10_000 + at);
      mortal.isAlive = false;
      expect(await untilLost(10_000)).toBeLessThan(5_000);
      expect(lost).toEqual([{ node: 7, work: 'upload', silentMs: expect.any(Number) }]);
      expect(mortal.isCut).toBe(true);
    }
    expect(bystander.isCut).toBe(false);
  });

  it('notices a dead idle node in less than 65 s', async () => {
    await clock.advance(100_000);
    socket.isAlive = false;
    const took = await untilLost(100_000);
    expect(took).toBeLessThan(65_000);
    expect(took).toBeGreaterThan(30_000);
    expect(lost).toMatchObject([{ node: 7, work: 'idle' }]);
  });

  it('does not hold the silence of its idle time against a node that gets work', async () => {
    await clock.advance(LIMITS.heartbeatMs - 1_000);
    watched.work = 'offer';
    await clock.advance(20_000);
    expect(lost).toEqual([]);
  });

  it('pings a socket that it does not read, and does not cut it for the pongs it cannot show', async () => {
    watched.work = 'upload';
    socket.isPaused = true;
    socket.isAlive = false;
    await clock.advance(20_000);
    expect(socket.pings).toBe(10);
    expect(lost).toEqual([]);
    socket.isPaused = false;
    expect(await untilLost(10_000)).toBeLessThan(5_000);
  });

  it.each([3_600_000, -3_600_000])('cuts nobody when the clock jumps by %d ms', async (jump) => {
    watched.work = 'offer';
    await clock.advance(10_000);
    const before = socket.pings;
    skewMs = jump;
    socket.isAlive = false;
    await clock.advance(1_000);
    expect(lost).toEqual([]);
    expect(await untilLost(10_000)).toBeLessThan(5_000);
    expect(socket.pings).toBeGreaterThan(before);
  });

  it('pings in batches, and lets others have a turn between them', async () => {
    const sockets = Array.from({ length: 1_000 }, (_, i) =>
      add({ node: asNodeId(i + 100), work: undefined }),
    );
    const pinged = (): number => sockets.filter(({ pings }) => pings > 0).length;
    const seen: number[] = [];
    const watch = (): void => {
      seen.push(pinged());
      if (pinged() < 1_000) setImmediate(watch);
    };
    const advanced = clock.advance(LIMITS.heartbeatMs);
    watch();
    await advanced;
    await expect.poll(pinged).toBe(1_000);
    const steps = seen.map((count, i) => count - (seen[i - 1] ?? 0));
    expect(Math.max(...steps.slice(1))).toBeLessThanOrEqual(200);
  });
});
