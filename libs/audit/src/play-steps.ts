import { isTallyError } from '@tallystick/kernel';
import { type Finding, Mismatch, OPTIONAL_STEPS, type StepId, STEPS } from './findings.js';
import type { History, Step } from './history.js';
import type { StepResult } from './report.js';
import { checkHeaders } from './steps/v2-headers.js';
import { checkTrees } from './steps/v3-trees.js';
import { checkReceipts } from './steps/v4-receipts.js';
import { checkCohorts } from './steps/v5-cohorts.js';
import { checkWeights } from './steps/v7-weights.js';
import { checkExclusions } from './steps/v9-exclusions.js';
import { checkEntitlements } from './steps/v10-payouts.js';

/** A step and the id under which it reports. */
export interface StepEntry {
  readonly id: StepId;
  readonly step: Step;
}

/** Steps that need the records and what the chain says of them, and no model or update. */
export const RECORD_STEPS: readonly StepEntry[] = [
  { id: 'V2', step: checkHeaders },
  { id: 'V3', step: checkTrees },
  { id: 'V4', step: checkReceipts },
  { id: 'V5', step: checkCohorts },
  { id: 'V7', step: checkWeights },
  { id: 'V9', step: checkExclusions },
  { id: 'V10', step: checkEntitlements },
];

/** What an audit has found out so far: things checked by passed step, and the first thing that does not fit. */
export class Tally {
  readonly passed: Map<StepId, number> = new Map();
  readonly #onStep: ((result: StepResult) => void) | undefined;
  #step: StepId = 'V1';

  constructor(onStep?: (result: StepResult) => void) {
    this.#onStep = onStep;
  }

  /** What `play` finds first, as a value; rejects with whatever is not about the evidence. */
  async findingOf(play: () => Promise<void>): Promise<Finding | undefined> {
    try {
      await play();
      return undefined;
    } catch (error) {
      return { step: this.#step, ...mismatchOf(error).finding };
    }
  }

  /** What is found from here on belongs to this step. */
  begin(step: StepId): void {
    this.#step = step;
  }

  pass(checked: number): void {
    const step = this.#step;
    this.passed.set(step, checked);
    const title = [...STEPS, ...OPTIONAL_STEPS].find(({ id }) => id === step)?.title ?? step;
    this.#onStep?.({ step, title, outcome: 'passed', checked });
  }

  /** Plays the steps in order; throws the Mismatch of the first that does not pass. */
  async play(steps: readonly StepEntry[], history: History, signal?: AbortSignal): Promise<void> {
    for (const { id, step } of steps) {
      this.begin(id);
      signal?.throwIfAborted();
      this.pass(await step(history));
    }
  }
}

/** A blob or model that cannot be decoded is a finding too; everything else is not about the evidence. */
function mismatchOf(error: unknown): Mismatch {
  if (error instanceof Mismatch) return error;
  if (isTallyError(error) && /^(UPDATE|MODEL|STORE_BLOB)_/.test(error.code)) {
    const place = { record: 'a blob', by: 'holder of the files' } as const;
    return new Mismatch(place, { expected: 'a blob that can be read', found: error.message });
  }
  throw error;
}
