import { type Hash, isTallyError, TallyError } from '@tallystick/kernel';
import type { Anchors } from './anchors.js';
import { buildReport } from './build-report.js';
import { BundleReader } from './bundle/bundle-reader.js';
import { type Finding, Mismatch, OPTIONAL_STEPS, type StepId, STEPS } from './findings.js';
import type { History, Step, VerifiedChain } from './history.js';
import { readHistory } from './read-history.js';
import type { AuditReport, StepResult } from './report.js';
import { checkChain } from './steps/v1-chain.js';
import { checkHeaders } from './steps/v2-headers.js';
import { checkTrees } from './steps/v3-trees.js';
import { checkReceipts } from './steps/v4-receipts.js';
import { checkCohorts } from './steps/v5-cohorts.js';
import { checkUpdates } from './steps/v6-updates.js';
import { checkWeights } from './steps/v7-weights.js';
import { checkModels } from './steps/v8-models.js';
import { checkPayouts } from './steps/v10-payouts.js';
import { type OpenValidation, withMeasurements } from './with-measurements.js';
import { type OwnNode, withRetraining } from './with-retraining.js';
import { checkExclusions } from './steps/v9-exclusions.js';

/** What the auditor brings. */
export interface VerifyOptions {
  readonly folder: string;
  readonly anchors: Anchors;
  /** Code hashes of released runtimes. */
  readonly knownRuntimes: ReadonlySet<Hash>;
  /** Measures on the run's public validation set; with it V11 is played, too. */
  readonly openValidation?: OpenValidation;
  /** Trains again as this node did; with it V12 is played, too. */
  readonly ownNode?: OwnNode;
  /** Called as each step passes, for progress. */
  readonly onStep?: (result: StepResult) => void;
  readonly signal?: AbortSignal;
}

/** The steps in order; tests take one out to see what it alone finds. */
export interface StepTable {
  readonly chain: typeof checkChain;
  readonly after: readonly { readonly id: StepId; readonly step: Step }[];
}

export const ALL_STEPS: StepTable = {
  chain: checkChain,
  after: [
    { id: 'V2', step: checkHeaders },
    { id: 'V3', step: checkTrees },
    { id: 'V4', step: checkReceipts },
    { id: 'V5', step: checkCohorts },
    { id: 'V6', step: checkUpdates },
    { id: 'V7', step: checkWeights },
    { id: 'V8', step: checkModels },
    { id: 'V9', step: checkExclusions },
    { id: 'V10', step: checkPayouts },
  ],
};

/**
 * Recomputes a run from an exported bundle with nothing else present: no network, no database. What does not fit is
 * a value in the report. Throws AUDIT_BUNDLE_MALFORMED when the folder is no bundle, or when everything fits but the
 * manifest does not describe it; else only the signal's reason.
 */
export function verifyBundle(options: VerifyOptions): Promise<AuditReport> {
  const { folder, openValidation, ownNode } = options;
  let steps = ALL_STEPS;
  if (openValidation !== undefined) steps = withMeasurements(steps, folder, openValidation);
  if (ownNode !== undefined) steps = withRetraining(steps, ownNode);
  return verifyWith(steps, options);
}

/** `verifyBundle` with these steps. */
export async function verifyWith(steps: StepTable, options: VerifyOptions): Promise<AuditReport> {
  const bundle = await BundleReader.open(options.folder, options.signal);
  const audit = new Audit(steps, bundle, options);
  const finding = await audit.play();
  const damaged = bundle.damage().map(({ path, what }) => `${path} (${what})`);
  if (finding === undefined && damaged.length > 0) {
    const reason = `it does not describe the bundle: ${damaged.join(', ')}`;
    throw new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'manifest.json', reason });
  }
  const { chain, history, passed } = audit;
  return buildReport({ manifest: bundle.manifest, chain, history, finding, passed, damaged });
}

class Audit {
  chain: VerifiedChain | undefined;
  history: History | undefined;
  readonly passed: Map<StepId, number> = new Map();
  readonly #steps: StepTable;
  readonly #bundle: BundleReader;
  readonly #options: VerifyOptions;

  constructor(steps: StepTable, bundle: BundleReader, options: VerifyOptions) {
    this.#steps = steps;
    this.#bundle = bundle;
    this.#options = options;
  }

  /** The first finding, or undefined when every step passed. */
  async play(): Promise<Finding | undefined> {
    const { anchors } = this.#options;
    let id: StepId = 'V1';
    try {
      const chain = await this.#steps.chain(this.#bundle, anchors, this.#options);
      this.chain = chain;
      this.#pass(id, chain.head.number);
      id = 'V2';
      const history = await readHistory(this.#bundle, chain, anchors);
      this.history = history;
      for (const { id: next, step } of this.#steps.after) {
        id = next;
        this.#options.signal?.throwIfAborted();
        this.#pass(id, await step(history));
      }
      return undefined;
    } catch (error) {
      return { step: id, ...mismatchOf(error).finding };
    }
  }

  #pass(id: StepId, checked: number): void {
    this.passed.set(id, checked);
    const title = [...STEPS, ...OPTIONAL_STEPS].find(({ id: step }) => step === id)?.title ?? id;
    this.#options.onStep?.({ step: id, title, outcome: 'passed', checked });
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
