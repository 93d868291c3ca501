import { expect, it } from 'vitest';
import { openFilesLimit } from '@tallystick/kernel/node';
import { socketLimits } from './socket-limits.js';

it('leaves files for everything else', () => {
  expect(socketLimits(undefined, 20_000)).toEqual({ sessions: 19_488, connections: 19_744 });
  expect(socketLimits(100_000, 20_000).sessions).toBe(19_488);
  expect(socketLimits(500, 20_000).sessions).toBe(500);
  expect(socketLimits(undefined, 128)).toEqual({ sessions: 1, connections: 2 });
});

it('knows the limit of this process', () => {
  expect(openFilesLimit()).toBeGreaterThan(64);
});
