import { EventEmitter } from 'node:events';
import { VirtualClock } from '@tallystick/kernel/testing';
import { LIMITS } from '@tallystick/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Heartbeat } from './heartbeat.js';

class FakeSocket extends EventEmitter {
  isPaused = false;
  pings = 0;
  isCut = false;
  ping(): void {
    this.pings++;
  }
  terminate(): void {
    this.isCut = true;
  }
}

describe('Heartbeat', () => {
  let clock: VirtualClock;
  let heartbeat: Heartbeat;
  let socket: FakeSocket;

  beforeEach(() => {
    clock = new VirtualClock();
    heartbeat = new Heartbeat(clock, LIMITS.heartbeatMs);
    heartbeat.start();
    socket = new FakeSocket();
    heartbeat.add(socket as unknown as WebSocket); // the heartbeat uses these members alone
  });
  afterEach(() => heartbeat.stop());

  it('cuts a socket that stays silent for more than two intervals, not one that answers', async () => {
    const answering = new FakeSocket();
    answering.ping = () => void answering.emit('pong');
    heartbeat.add(answering as unknown as WebSocket);
    await clock.advance(2 * LIMITS.heartbeatMs);
    expect(socket.isCut).toBe(false);
    await clock.advance(LIMITS.heartbeatMs);
    expect(socket.isCut).toBe(true);
    expect(answering.isCut).toBe(false);
  });

  it('pings a socket that it does not read, and does not cut it for the pongs it cannot show', async () => {
    socket.isPaused = true;
    await clock.advance(5 * LIMITS.heartbeatMs);
    expect(socket.pings).toBe(5);
    expect(socket.isCut).toBe(false);
  });
});
