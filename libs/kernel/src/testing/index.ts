/** Deterministic ports for tests: time that moves when told to, numbers from a seed, a log that can be read back. */
export { MemoryLogger } from './memory-logger.js';
export { SeededEntropy } from './seeded-entropy.js';
export { SeededRandom } from './seeded-random.js';
export { VirtualClock } from './virtual-clock.js';
