import type { SeededRandom, VirtualClock } from '@tallystick/kernel/testing';
import type { Faults } from './faults.js';
import type { Trace } from './trace.js';
import type { Watch } from './watch.js';

/** What every part of the simulated world shares. */
export interface Sim {
  /** True time. */
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly watch: Watch;
}
