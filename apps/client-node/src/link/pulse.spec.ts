import type { TallyError } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { LIMITS } from '@tallystick/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { type LivingChannel, Pulse } from './pulse.js';

class FakeChannel implements LivingChannel {
  readonly url = 'ws://coordinator';
  isAlive = true;
  pings = 0;
  ended: TallyError | undefined;
  heard = (): void => undefined;
  end = (): void => undefined;

  onHeard(callback: () => void): void {
    this.heard = callback;
  }

  onEnd(callback: () => void): void {
    this.end = callback;
  }

  ping(): void {
    this.pings++;
    if (this.isAlive) this.heard();
  }

  terminate(reason: TallyError): void {
    this.ended ??= reason;
    this.end();
  }
}

describe('Pulse', () => {
  let clock: VirtualClock;
  let channel: FakeChannel;
  let isWorking: boolean;

  beforeEach(() => {
    clock = new VirtualClock();
    channel = new FakeChannel();
    isWorking = false;
    new Pulse(channel, { clock, beats: LIMITS, isWorking: () => isWorking });
  });

  async function untilEnded(limitMs: number): Promise<number> {
    const from = clock.nowMs();
    while (channel.ended === undefined && clock.nowMs() - from < limitMs) await clock.advance(50);
    return clock.nowMs() - from;
  }

  it('gives up a coordinator that falls silent in less than 5 s of work', async () => {
    isWorking = true;
    await clock.advance(61_300);
    expect(channel.pings).toBe(30);
    channel.isAlive = false;
    expect(await untilEnded(10_000)).toBeLessThan(5_000);
    expect(channel.ended).toMatchObject({ code: 'NET_TIMEOUT' });
    expect(clock.pending).toBe(0);
  });

  it('asks for nothing while it has nothing to do, and expects the pings of the coordinator', async () => {
    for (let beat = 0; beat < 4; beat++) {
      await clock.advance(LIMITS.heartbeatMs);
      channel.heard();
    }
    expect(channel.pings).toBe(0);
    const took = await untilEnded(100_000);
    expect(took).toBeGreaterThan(60_000);
    expect(took).toBeLessThan(65_000);
  });

  it('stays watchful for a minute between two rounds', async () => {
    isWorking = true;
    await clock.advance(5_000);
    isWorking = false;
    await clock.advance(40_000);
    channel.isAlive = false;
    expect(await untilEnded(10_000)).toBeLessThan(5_000);
  });

  it('does not hold the silence before its work against the coordinator', async () => {
    await clock.advance(29_000);
    isWorking = true;
    await clock.advance(10_000);
    expect(channel.ended).toBeUndefined();
  });
});
