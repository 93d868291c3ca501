import type { Hash, NodeId, PublicKey, Signer } from '@tallystick/kernel';
import type { RunPlan, VoidSpan } from '@tallystick/rounds';
import type { Sim } from './sim.js';
import type { SimKeys } from './sim-keys.js';
import type { SimConnection } from './sim-network.js';
import type { SimNode } from './sim-node.js';
import type { SimProcess } from './sim-process.js';

/** How a node behaves; a fast honest one unless a chance strikes. */
export interface NodeHabits {
  readonly trainMs: readonly [number, number];
  readonly declines: number;
  readonly malformed: number;
  /** Training on hardware that never gives the same bytes twice. */
  readonly isReproducible: boolean;
}

/** What a node is made of. */
export interface NodeParts {
  readonly sim: Sim;
  readonly plan: RunPlan;
  readonly node: NodeId;
  readonly signer: Signer;
  readonly keys: SimKeys;
  /** The key that it pinned. */
  readonly coordinator: PublicKey;
  readonly habits: NodeHabits;
  /** Undefined while nobody answers. */
  connect(node: SimNode): SimConnection | undefined;
  download(owner: SimProcess, model: Hash): Promise<Uint8Array>;
  /** What the chain has voided, as this site reads it itself. */
  voids(): readonly VoidSpan[];
  /** For the mutants: it signs first and writes later. */
  readonly signsBeforeDurable?: boolean;
  /** For the mutants: what it trains depends on how often it has started. */
  readonly forgetsSeed?: boolean;
}
