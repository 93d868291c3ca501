import type { Clock } from '../index.js';

/** Wall time and Node timers. A pending timer keeps the process alive, as an unfinished round should. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, callback) => {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
