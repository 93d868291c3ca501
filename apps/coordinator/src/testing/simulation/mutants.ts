import type { InMemoryJournal } from '@tallystick/rounds';
import type { Sim } from './sim.js';
import type { CoordinatorPorts } from './sim-coordinator.js';
import type { NodeParts } from './sim-node.js';
import type { SimProcess } from './sim-process.js';
import type { Invariant } from './watch.js';

/** A bug of the kind that the simulation is there to find. */
export interface Mutant {
  readonly name: string;
  /** Any of them is a find: a bug shows at the first that it breaks. */
  readonly breaks: readonly Invariant[];
  readonly journal?: () => InMemoryJournal;
  readonly ports?: (
    ports: CoordinatorPorts,
    at: { readonly sim: Sim; readonly process: SimProcess },
  ) => CoordinatorPorts;
  readonly node?: Pick<NodeParts, 'signsBeforeDurable'>;
}

export const NO_MUTANT: Mutant = { name: 'none', breaks: [] };
