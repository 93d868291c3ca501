import { asHash, type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { parseCanonicalSpec, specHash as hashOfSpec } from '@tallystick/protocol';
import { genesisModel } from '@tallystick/rounds';
import type { Anchors } from './anchors.js';
import { buildReport } from './build-report.js';
import { BundleReader } from './bundle/bundle-reader.js';
import { blobPath } from './bundle/layout.js';
import { readRound, type RoundEvidence } from './bundle/round-evidence.js';
import { readRun } from './chain-state.js';
import { type Finding, Mismatch, type StepId, STEPS } from './findings.js';
import type { History, Step, VerifiedChain } from './history.js';
import type { AuditReport, StepResult } from './report.js';
import { checkChain } from './steps/v1-chain.js';
import { checkHeaders } from './steps/v2-headers.js';
import { checkTrees } from './steps/v3-trees.js';
import { checkReceipts } from './steps/v4-receipts.js';
import { checkCohorts } from './steps/v5-cohorts.js';
import { checkUpdates } from './steps/v6-updates.js';
import { checkWeights } from './steps/v7-weights.js';
import { checkModels } from './steps/v8-models.js';

/** The steps after V1, in order. */
const AFTER_V1: readonly { readonly id: StepId; readonly step: Step }[] = [
  { id: 'V2', step: checkHeaders },
  { id: 'V3', step: checkTrees },
  { id: 'V4', step: checkReceipts },
  { id: 'V5', step: checkCohorts },
  { id: 'V6', step: checkUpdates },
  { id: 'V7', step: checkWeights },
  { id: 'V8', step: checkModels },
];

/** What the auditor brings. */
export interface VerifyOptions {
  readonly folder: string;
  readonly anchors: Anchors;
  /** Code hashes of released runtimes. */
  readonly knownRuntimes: ReadonlySet<Hash>;
  /** Called as each step passes, for progress. */
  readonly onStep?: (result: StepResult) => void;
  readonly signal?: AbortSignal;
}

/**
 * Recomputes a run from an exported bundle with nothing else present: no network, no database. What does not fit is
 * a value in the report; throws AUDIT_BUNDLE_MALFORMED when the folder is no bundle at all.
 */
export async function verifyBundle(options: VerifyOptions): Promise<AuditReport> {
  const bundle = await BundleReader.open(options.folder);
  const damaged = (await bundle.damage()).map(({ path, what }) => `${path} (${what})`);
  const passed = new Map<StepId, number>();
  const run = new AuditRun(bundle, options, (id, checked) => {
    passed.set(id, checked);
    options.onStep?.({ ...stepOf(id), outcome: 'passed', checked });
  });
  const finding = await run.play();
  if (finding === undefined && damaged.length > 0) {
    const reason = `its bytes differ from the manifest: ${damaged.join(', ')}`;
    throw new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'manifest.json', reason });
  }
  return buildReport(bundle.manifest, run.history, { finding, passed, damaged });
}

function stepOf(id: StepId): { readonly step: StepId; readonly title: string } {
  return { step: id, title: STEPS.find((step) => step.id === id)?.title ?? id };
}

class AuditRun {
  history: History | undefined;
  readonly #bundle: BundleReader;
  readonly #options: VerifyOptions;
  readonly #passed: (id: StepId, checked: number) => void;

  constructor(
    bundle: BundleReader,
    options: VerifyOptions,
    passed: (id: StepId, checked: number) => void,
  ) {
    this.#bundle = bundle;
    this.#options = options;
    this.#passed = passed;
  }

  /** The first finding, or undefined when every step passed. */
  async play(): Promise<Finding | undefined> {
    let id: StepId = 'V1';
    try {
      const chain = await checkChain(this.#bundle, this.#options.anchors, this.#options);
      this.#passed('V1', chain.blocks);
      id = 'V2';
      const history = await readHistory(this.#bundle, chain, this.#options.anchors);
      this.history = history;
      for (const { id: next, step } of AFTER_V1) {
        id = next;
        this.#options.signal?.throwIfAborted();
        this.#passed(id, await step(history));
      }
      return undefined;
    } catch (error) {
      if (error instanceof Mismatch) return { step: id, ...error.finding };
      throw error;
    }
  }
}

/** Decodes the run's files. A file that is missing or torn is a finding of V2. */
async function readHistory(
  bundle: BundleReader,
  chain: VerifiedChain,
  anchors: Anchors,
): Promise<History> {
  const runId = bundle.manifest.run;
  const read = chain.stateAt(chain.head.number);
  const run = read === undefined ? undefined : readRun(read, runId);
  const by = 'holder of the files';
  if (run === undefined) {
    const found = 'none';
    throw new Mismatch({ record: `run ${runId} on the chain`, expected: 'the run', found, by });
  }
  const specBytes = (await bundle.read('run/spec.json')) ?? new Uint8Array();
  const canonical = new TextDecoder().decode(specBytes);
  const parsed = parseCanonicalSpec(canonical);
  if (!parsed.ok) {
    const expected = `the run spec ${run.spec}`;
    throw new Mismatch({
      record: 'run/spec.json',
      expected,
      found: parsed.faults.map(({ message }) => message).join('; '),
      by,
    });
  }
  const specHash = hashOfSpec(sha256, canonical);
  if (specHash !== run.spec) {
    throw new Mismatch({ record: 'run/spec.json', expected: run.spec, found: specHash, by });
  }
  return {
    runId,
    chain,
    run,
    spec: parsed.spec,
    specHash,
    genesisModel: genesisModel(sha256, parsed.spec, specHash),
    rounds: await readRounds(bundle, run.nextRound),
    anchors,
    blob: (id) => bundle.read(blobPath(id)),
    blobIds: bundle
      .paths()
      .filter((path) => path.startsWith('blobs/'))
      .map((path) => asHash(path.slice('blobs/'.length))),
  };
}

async function readRounds(bundle: BundleReader, count: number): Promise<readonly RoundEvidence[]> {
  const rounds: RoundEvidence[] = [];
  for (let round = 0; round < count; round++) {
    rounds.push(await readRound((path) => bundle.read(path), round));
  }
  const last = `rounds/${String(count).padStart(4, '0')}/`;
  const extra = bundle.paths().find((path) => path.startsWith('rounds/') && path >= last);
  if (extra !== undefined) {
    const expected = `the ${count} rounds that the chain holds`;
    throw new Mismatch({ record: extra, expected, found: 'more', by: 'holder of the files' });
  }
  return rounds;
}
