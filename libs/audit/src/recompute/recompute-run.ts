import type { Hash, RunId } from '@tallystick/kernel';
import { payoutOf } from '@tallystick/protocol';
import type { Anchors } from '../anchors.js';
import type { Finding, StepId } from '../findings.js';
import { demand } from '../findings.js';
import { RECORD_STEPS, type StepEntry, Tally } from '../play-steps.js';
import { readHistory, readRounds } from '../read-history.js';
import type { StepResult } from '../report.js';
import { readRun } from '../state/stored-run.js';
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
  const { run, rpc, onStep, onProgress, signal } = options;
  const tally = new Tally(onStep);
  let chain: ProvedChain | undefined;
  let committed = 0;
  let rounds = 0;
  const finding = await tally.findingOf(async () => {
    const headers = await readHeaders(rpc, (done, of) =>
      onProgress?.({ what: 'headers', done, of }),
    );
    chain = new ProvedChain(rpc, headers);
    await chain.checkSeals((done, of) => onProgress?.({ what: 'seals', done, of }));
    await proveHead(chain, run);
    const stored = readRun(chain.stateAt(chain.head.number), run);
    const place = { record: `run ${run} on the chain`, by: 'holder of the files' } as const;
    demand(stored !== undefined, place, 'the run', 'none');
    committed = stored.nextRound;
    await proveRunOverTime(chain, run);
    tally.pass(chain.head.number);
    tally.begin('V2');
    signal?.throwIfAborted();
    const onRound = (round: number): void =>
      onProgress?.({ what: 'rounds', done: round + 1, of: committed });
    const files = new RestFiles({ run, spec: stored.spec }, options.fetch, onRound);
    const evidence = await readRounds(files, committed);
    await proveRounds(chain, run, evidence);
    const history = await readHistory(files, chain, {
      anchors: NO_ANCHORS,
      parseSpec: readSpec,
      hasSheets: false,
      decoded: evidence,
    });
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
