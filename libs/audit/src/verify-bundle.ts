import { type Hash, TallyError } from '@tallystick/kernel';
import { parseCanonicalSpec } from '@tallystick/protocol';
import type { Anchors } from './anchors.js';
import { buildReport } from './build-report.js';
import { BundleReader } from './bundle/bundle-reader.js';
import { readScores } from './bundle/epoch-scores.js';
import { scoresIn } from './bundle/read-sheet.js';
import type { Finding, StepId } from './findings.js';
import type { History, VerifiedChain } from './history.js';
import { RECORD_STEPS, type StepEntry, Tally } from './play-steps.js';
import { readHistory } from './read-history.js';
import type { AuditReport, StepResult } from './report.js';
import { checkChain } from './steps/v1-chain.js';
import { checkUpdates } from './steps/v6-updates.js';
import { checkModels } from './steps/v8-models.js';
import { checkPayouts } from './steps/v10-scored-payouts.js';
import { verifyAhead } from './steps/verify-ahead.js';
import { withLogs } from './with-logs.js';
import { type OpenValidation, withMeasurements } from './with-measurements.js';
import { type OwnNode, withRetraining } from './with-retraining.js';

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
  readonly after: readonly StepEntry[];
}

export const ALL_STEPS: StepTable = {
  chain: checkChain,
  after: [
    ...RECORD_STEPS.filter(({ id }) => id !== 'V10').map(withLogs),
    { id: 'V10', step: checkPayouts } as const,
    { id: 'V6', step: checkUpdates } as const,
    { id: 'V8', step: checkModels } as const,
  ].toSorted((a, b) => numberOf(a) - numberOf(b)),
};

function numberOf({ id }: StepEntry): number {
  return Number(id.slice(1));
}

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
  readonly passed: ReadonlyMap<StepId, number>;
  readonly #tally: Tally;
  readonly #steps: StepTable;
  readonly #bundle: BundleReader;
  readonly #options: VerifyOptions;

  constructor(steps: StepTable, bundle: BundleReader, options: VerifyOptions) {
    this.#tally = new Tally(options.onStep);
    this.passed = this.#tally.passed;
    this.#steps = steps;
    this.#bundle = bundle;
    this.#options = options;
  }

  /** The first finding, or undefined when every step passed. */
  play(): Promise<Finding | undefined> {
    const { anchors, signal } = this.#options;
    return this.#tally.findingOf(async () => {
      const chain = await this.#steps.chain(this.#bundle, anchors, this.#options);
      this.chain = chain;
      this.#tally.pass(chain.head.number);
      this.#tally.begin('V2');
      const read = await readHistory(this.#bundle, chain, {
        anchors,
        parseSpec: parseCanonicalSpec,
        readScores,
      });
      const scoresOf = (epoch: number) => scoresIn(read.epochs, epoch);
      const history = { ...read, scoresOf, verifyAhead };
      this.history = history;
      await this.#tally.play(this.#steps.after, history, signal);
    });
  }
}
