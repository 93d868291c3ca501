import type { SeededRandom } from '@tallystick/kernel/testing';
import type { Coverage } from './coverage.js';
import type { Trace } from './trace.js';

/** Where the coordinator stands when a fault strikes; several at once, for the chain follows behind. */
export const PHASES = ['opening', 'collecting', 'uploading', 'aggregating', 'anchoring'] as const;
export type Phase = (typeof PHASES)[number];

/** Kind of fault → its probability at each opportunity, in a schedule that has it at the middle rate. */
const CHANCES = {
  'coordinator.crash': 0.004,
  'coordinator.frozen': 0.004,
  'lease.cut': 0.03,
  'node.crash': 0.012,
  'connection.broken': 0.004,
  'message.lost': 0.01,
  'message.duplicated': 0.04,
  'message.delayed': 0.02,
  'disk.slow': 0.03,
  'disk.failed': 0.01,
  'database.slow': 0.03,
  'database.failed': 0.01,
  'database.ambiguous': 0.01,
  'clock.forward': 0.006,
  'clock.backward': 0.006,
  'chain.stalled': 0.003,
  'chain.dropped': 0.04,
  'chain.starved': 0.04,
  'chain.unreachable': 0.003,
  'chain.slow': 0.02,
  'chain.ack-lost': 0.4,
  'chain.voided': 0.004,
} as const;

/** How much more often faults come in the phase that a schedule looks at; aggregating is over in milliseconds. */
const FOCUS: Readonly<Record<Phase, number>> = {
  opening: 5,
  collecting: 3,
  uploading: 5,
  aggregating: 30,
  anchoring: 5,
};

export type FaultKind = keyof typeof CHANCES;
export const FAULT_KINDS = Object.keys(CHANCES) as readonly FaultKind[]; // the keys of a literal

/** Which faults a schedule has and how often. */
export interface FaultPlan {
  readonly kinds: ReadonlySet<FaultKind>;
  /** Multiplies every chance. */
  readonly rate: number;
  /** A phase in which faults come more often. */
  readonly focus: Phase | undefined;
}

export const NO_FAULTS: FaultPlan = { kinds: new Set(), rate: 0, focus: undefined };

/** These make a short phase long, so that others meet it. */
const SLOW: readonly FaultKind[] = ['disk.slow', 'database.slow', 'chain.slow'];

/** Each schedule has another mix (swarm testing: Groce et al., ISSTA 2012). */
export function drawFaultPlan(random: SeededRandom): FaultPlan {
  const share = random.pick([0.2, 0.5, 1]);
  const focus = random.pick([undefined, ...PHASES, 'aggregating' as const]);
  const drawn = FAULT_KINDS.filter(() => random.chance(share));
  return {
    kinds: new Set(focus === 'aggregating' ? [...drawn, ...SLOW] : drawn),
    rate: random.pick([0.3, 1, 3]),
    focus,
  };
}

/** Decides at each opportunity whether a fault strikes, and counts those that did by phase. */
export class Faults {
  readonly #plan: FaultPlan;
  readonly #random: SeededRandom;
  readonly #coverage: Coverage;
  readonly #trace: Trace;
  /** Set by the world once there is a coordinator to ask. */
  phases: () => readonly Phase[] = () => [];
  #isCalm = false;

  constructor(
    plan: FaultPlan,
    deps: { readonly random: SeededRandom; readonly coverage: Coverage; readonly trace: Trace },
  ) {
    this.#plan = plan;
    this.#random = deps.random;
    this.#coverage = deps.coverage;
    this.#trace = deps.trace;
  }

  /** From now on nothing fails any more. */
  calm(): void {
    this.#isCalm = true;
  }

  strikes(kind: FaultKind): boolean {
    const { kinds, rate, focus } = this.#plan;
    if (this.#isCalm || !kinds.has(kind)) return false;
    const phases = this.phases();
    const isFocus = focus !== undefined && phases.includes(focus);
    const factor = isFocus ? FOCUS[focus] : 1;
    if (!this.#random.chance(CHANCES[kind] * rate * factor)) return false;
    this.#coverage.add(kind, phases);
    this.#trace.add(`fault ${kind}`);
    return true;
  }
}
