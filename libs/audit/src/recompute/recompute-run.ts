import type { Hash, RunId } from '@tallystick/kernel';
import { payoutOf } from '@tallystick/protocol';
import type { Anchors } from '../anchors.js';
import { demand, type Finding, type StepId } from '../findings.js';
import { RECORD_STEPS, type StepEntry, Tally } from '../play-steps.js';
import { readHistory, readRounds } from '../read-history.js';
import type { StepResult } from '../report.js';
import type { History } from '../history.js';
import { countingRounds, readRun, readVoids, type StoredRun } from '../state/stored-run.js';
import type { ChainRpc } from './chain-rpc.js';
import { readHeaders } from './header-chain.js';
import { ProvedChain } from './proved-chain.js';
import { readSpec } from './read-spec.js';
import { type Fetch, RestFiles } from './rest-files.js';
import { proveHead, proveRounds, proveRunOverTime } from './wanted-keys.js';

/** Where an audit is, for a bar: `done` of `of` things of one kind. */
export interface Progress {
  readonly what: 'headers' | 'seals' | 'rounds' | 'steps';
  readonly done: number;
  readonly of: number;
}

/** What is recomputed, and where its evidence comes from. */
export interface RecomputeOptions {
  readonly run: RunId;
  readonly rpc: ChainRpc;
  readonly fetch: Fetch;
  readonly onStep?: (result: StepResult) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What was recomputed without executing a block and without a model. */
export interface Recomputed {
  readonly genesis: Hash | null;
  readonly head: { readonly number: number; readonly hash: Hash } | null;
  /** Rounds whose records were recomputed; the chain holds `committed`. */
  readonly rounds: number;
  readonly committed: number;
  readonly finding: Finding | null;
  /** Things checked, by step that passed. */
  readonly passed: ReadonlyMap<StepId, number>;
}

const NO_ANCHORS: Anchors = { nodeKeys: [], logs: [] };

/**
 * Recomputes the records of a run from a chain that is only read, with proofs, and the files that the coordinator serves:
 * the same steps that `verifyBundle` plays. What does not fit is a value; rejects when an answer does not come at all.
 */
export async function recomputeRun(
  options: RecomputeOptions,
  steps: readonly StepEntry[] = RECORD_STEPS,
): Promise<Recomputed> {
  const { run, onStep, signal } = options;
  const tally = new Tally(onStep);
  let chain: ProvedChain | undefined;
  let committed = 0;
  let rounds = 0;
  const finding = await tally.findingOf(async () => {
    chain = await openChain(options);
    committed = await proveRun(chain, run);
    tally.pass(chain.head.number);
    tally.begin('V2');
    signal?.throwIfAborted();
    const history = await historyOf(chain, options);
    const isByScore = payoutOf(history.spec).policy === 'contribution';
    const played = isByScore ? steps.filter(({ id }) => id !== 'V10') : steps; // sheets need the updates
    await tally.play(played, history, signal);
    rounds = committed;
  });
  return {
    genesis: chain?.genesis ?? null,
    head: chain?.head ?? null,
    rounds,
    committed,
    finding: finding ?? null,
    passed: tally.passed,
  };
}

/** Every header linked, every seal checked. */
async function openChain({ rpc, onProgress }: RecomputeOptions): Promise<ProvedChain> {
  const headers = await readHeaders(rpc, (done, of) => onProgress?.({ what: 'headers', done, of }));
  const chain = new ProvedChain(rpc, headers);
  await chain.checkSeals((done, of) => onProgress?.({ what: 'seals', done, of }));
  return chain;
}

/** Proves what the chain says of the run; its committed rounds. */
async function proveRun(chain: ProvedChain, run: RunId): Promise<number> {
  await proveHead(chain, run);
  await proveRunOverTime(chain, run);
  return numbersOf(chain, run).length;
}

/** The rounds that count. */
function numbersOf(chain: ProvedChain, run: RunId): readonly number[] {
  const voids = readVoids(chain.stateAt(chain.head.number), run);
  return [...countingRounds(storedRun(chain, run), voids)];
}

function storedRun(chain: ProvedChain, run: RunId): StoredRun {
  const stored = readRun(chain.stateAt(chain.head.number), run);
  const place = { record: `run ${run} on the chain`, by: 'holder of the files' } as const;
  demand(stored !== undefined, place, 'the run', 'none');
  return stored;
}

/** The run's files against the chain, with every state that the steps will read. */
async function historyOf(chain: ProvedChain, options: RecomputeOptions): Promise<History> {
  const { run, fetch, onProgress } = options;
  const { spec } = storedRun(chain, run);
  const numbers = numbersOf(chain, run);
  const of = numbers.length;
  const files = new RestFiles({ run, spec }, fetch, (round) =>
    onProgress?.({ what: 'rounds', done: numbers.indexOf(round) + 1, of }),
  );
  const decoded = await readRounds(files, numbers);
  await proveRounds(chain, run, decoded);
  return readHistory(files, chain, {
    anchors: NO_ANCHORS,
    parseSpec: readSpec,
    decoded,
  });
}
