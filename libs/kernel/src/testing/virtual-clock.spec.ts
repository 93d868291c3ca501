import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.js';

describe('VirtualClock', () => {
  it('fires timers in order of time, then of creation, and never a cancelled one', async () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    for (const [delayMs, name] of [
      [30, 'd'],
      [10, 'a'],
      [20, 'b'],
      [20, 'c'],
    ] as const) {
      clock.after(delayMs, () => fired.push(`${name} ${clock.nowMs()}`));
    }
    const cancelled = clock.after(20, () => fired.push('x'));
    cancelled.cancel();
    cancelled.cancel();
    await clock.advance(25);
    expect(fired).toEqual(['a 10', 'b 20', 'c 20']);
    expect([clock.nowMs(), clock.pending]).toEqual([25, 1]);
    expect(await clock.step()).toBe(true);
    expect(await clock.step()).toBe(false);
    expect(fired.at(-1)).toBe('d 30');
  });

  it('lets everything run that a timer started before it fires the next', async () => {
    const clock = new VirtualClock(0);
    let turns = 0;
    clock.after(1, () => {
      const turn = async (): Promise<void> => {
        while (turns < 5_000) {
          await Promise.resolve();
          turns++;
        }
      };
      void turn();
    });
    const seen: number[] = [];
    clock.after(2, () => seen.push(turns));
    await clock.advance(2);
    expect(seen).toEqual([5_000]);
  });
});
