import type { Hash } from '@tallystick/kernel';
import { BOWL, BY_SCORE } from './fixture/settled-epoch.js';
import { testBundle, type TestBundle } from './fixture/test-bundle.js';
import { type Case, isFound, type Observation, observe, tamper } from './judge.js';
import { type Manipulation, MANIPULATIONS, PAY_MANIPULATIONS } from './manipulations.js';
import {
  REFUSED_COMMITS,
  type RefusedCommit,
  tryCommits,
} from './manipulations/refused-commits.js';
import { REFUSED_PAY, tryPay } from './manipulations/refused-pay.js';
import { targetOf } from './manipulations/targets.js';
import { openEvidence } from './operator/evidence.js';
import { Scratch } from './scratch.js';

/** What came of one manipulation. */
export interface TamperLine {
  readonly name: string;
  /** Found in the step it belongs to and named as it must be, or refused by the pallet with the right error. */
  readonly caught: boolean;
  /** The step that found it; `manifest`: the bundle is refused; `pallet`: the chain refuses; null: nobody. */
  readonly step: string | null;
  /** Who and what was named. */
  readonly named: string | null;
}

/** Honest bundles that are edited, and chains that are called. */
export interface TamperBundles {
  /** A run that pays nothing. */
  readonly plain: TestBundle;
  /** A run that pays by contribution, under a cap, and is settled. */
  readonly scored: TestBundle;
  /** A run that pays by weight and is settled. */
  readonly weighed: TestBundle;
}

/** Most of the budget that one organisation gets where it pays by contribution: less than the best has earned. */
const CAP_PPM = 400_000;
/** A seed with which every node's updates are worth something. */
const ALL_PAID = 7;

/** Plays the three honest runs. */
export async function tamperBundles(): Promise<TamperBundles> {
  return {
    plain: await testBundle(),
    scored: await scoredBundle(),
    weighed: await weighedBundle(),
  };
}

/** A run whose epoch is settled by scores and a cap. */
export function scoredBundle(): Promise<TestBundle> {
  const payout = { ...BY_SCORE.payout, capPpm: CAP_PPM };
  return testBundle({ settles: {}, spec: { seed: ALL_PAID, payout } });
}

/** A run whose epoch is settled by weights. */
export function weighedBundle(): Promise<TestBundle> {
  return testBundle({ settles: {}, spec: { payout: { policy: 'weight', epochRounds: 3 } } });
}

/** Every manipulation on copies of honest bundles, in the order of the published list. */
export async function* tamperLines(
  { plain, scored, weighed }: TamperBundles,
  knownRuntimes: ReadonlySet<Hash>,
): AsyncGenerator<TamperLine> {
  yield* foundLines(MANIPULATIONS, plain, { knownRuntimes });
  const evidence = await openEvidence(plain.folder);
  for await (const { commit, error } of tryCommits(evidence, plain.keys)) {
    yield refusalLine(commit, error);
  }
  const openValidation = () => Promise.resolve(BOWL);
  yield* foundLines(PAY_MANIPULATIONS, scored, { knownRuntimes, openValidation });
  for await (const { call, error } of tryPay(await openEvidence(weighed.folder), weighed.keys)) {
    yield refusalLine(call, error);
  }
}

async function* foundLines(
  manipulations: readonly Manipulation[],
  { folder: honest, keys, anchors }: TestBundle,
  held: Pick<Case, 'knownRuntimes' | 'openValidation'>,
): AsyncGenerator<TamperLine> {
  const evidence = await openEvidence(honest);
  for (const manipulation of manipulations) {
    const scratch = new Scratch();
    try {
      const folder = await scratch.copyOf(honest);
      const place = { folder, evidence, keys, anchors, ...held };
      const { options, expected } = await tamper(manipulation, place);
      const seen = await observe(options);
      yield { name: manipulation.name, caught: isFound(seen, expected), ...wordsOf(seen) };
    } finally {
      await scratch.dispose();
    }
  }
}

function wordsOf({
  exit,
  step,
  round,
  record,
  by,
}: Observation): Pick<TamperLine, 'step' | 'named'> {
  if (exit === 0) return { step: null, named: null };
  const where = round === undefined ? '' : ` in round ${round}`;
  const who = by === undefined ? '' : `${by}: `;
  return { step: step ?? 'manifest', named: `${who}${record ?? ''}${where}` };
}

function refusalLine(
  { name, error: expected }: { readonly name: string; readonly error: string },
  error: string | undefined,
): TamperLine {
  const isRefused = error !== undefined;
  return {
    name,
    caught: error === expected,
    step: isRefused ? 'pallet' : null,
    named: isRefused ? `${targetOf(name).actor}: ${error}` : null,
  };
}

/** One row of the published list. */
export interface TamperRow {
  readonly name: string;
  readonly actor: string;
  readonly object: string;
  readonly field: string;
  readonly isRepaired: boolean;
  /** `V1` to `V11`, `manifest`, or the pallet's error. */
  readonly foundBy: string;
}

/** The published list, in the order in which it is played. */
export function tamperRows(): readonly TamperRow[] {
  return [
    ...MANIPULATIONS.map(foundRow),
    ...REFUSED_COMMITS.map(refusedRow),
    ...PAY_MANIPULATIONS.map(foundRow),
    ...REFUSED_PAY.map(refusedRow),
  ];
}

function foundRow({ name, level }: Manipulation): TamperRow {
  return { name, isRepaired: level === 'repaired', ...targetOf(name) };
}

/** Whoever calls the chain signs with a real key. */
function refusedRow({ name, error }: Pick<RefusedCommit, 'name' | 'error'>): TamperRow {
  return { name, isRepaired: true, ...targetOf(name), foundBy: error };
}
