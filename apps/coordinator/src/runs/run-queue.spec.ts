import { asRunId } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { RunQueue } from './run-queue.js';

describe('RunQueue', () => {
  it('gives runs back in the order in which they came, each once', () => {
    const queue = new RunQueue();
    const [first, second, third] = [asRunId(7), asRunId(3), asRunId(5)];
    for (const run of [first, second, first, third]) queue.push(run);
    expect(queue.length).toBe(3);
    expect([first, second, third].map((run) => queue.placeOf(run))).toEqual([1, 2, 3]);
    expect(queue.remove(second)).toBe(true);
    expect(queue.remove(second)).toBe(false);
    expect(queue.placeOf(third)).toBe(2);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([first, third, undefined]);
    expect(queue.placeOf(first)).toBeUndefined();
  });
});
