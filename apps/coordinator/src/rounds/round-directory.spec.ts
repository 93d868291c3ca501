import { asNodeId, asRunId } from '@tallystick/kernel';
import type { RunLoop } from '@tallystick/rounds';
import { describe, expect, it } from 'vitest';
import { RoundDirectory } from './round-directory.js';

describe('RoundDirectory', () => {
  it('finds runs that play, and tells nodes of those that ended last too', () => {
    const directory = new RoundDirectory();
    const told: number[] = [];
    const loop = (run: number): RunLoop => ({ joined: () => told.push(run) }) as unknown as RunLoop; // nothing else is asked of it
    for (let run = 0; run < 20; run++) {
      directory.add(asRunId(run), loop(run));
      if (run < 19) directory.retire(asRunId(run));
    }
    expect(directory.find(asRunId(18))).toBeUndefined();
    expect(directory.find(asRunId(19))).toBeDefined();
    directory.joined(asNodeId(1));
    expect(told).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});
