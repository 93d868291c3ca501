import type { Hash } from '@tallystick/kernel';
import type { TestBundle } from './fixture/test-bundle.js';
import { isFound, type Observation, observe, tamper } from './judge.js';
import { MANIPULATIONS } from './manipulations.js';
import { REFUSED_COMMITS, tryCommits } from './manipulations/refused-commits.js';
import { targetOf } from './manipulations/targets.js';
import { type Evidence, openEvidence } from './operator/evidence.js';
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

/** Every manipulation on copies of an honest bundle, in the order of the published list. */
export async function* tamperLines(
  bundle: TestBundle,
  knownRuntimes: ReadonlySet<Hash>,
): AsyncGenerator<TamperLine> {
  const evidence = await openEvidence(bundle.folder);
  for (const manipulation of MANIPULATIONS) {
    const scratch = new Scratch();
    try {
      const folder = await scratch.copyOf(bundle.folder);
      const { keys, anchors } = bundle;
      const place = { folder, evidence, keys, anchors, knownRuntimes };
      const { options, expected } = await tamper(manipulation, place);
      const seen = await observe(options);
      yield { name: manipulation.name, caught: isFound(seen, expected), ...wordsOf(seen) };
    } finally {
      await scratch.dispose();
    }
  }
  yield* refusalLines(evidence, bundle);
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

async function* refusalLines(evidence: Evidence, { keys }: TestBundle): AsyncGenerator<TamperLine> {
  for await (const { commit, error } of tryCommits(evidence, keys)) {
    const caught = error === commit.error;
    const isRefused = error !== undefined;
    yield {
      name: commit.name,
      caught,
      step: isRefused ? 'pallet' : null,
      named: isRefused ? `coordinator: ${error}` : null,
    };
  }
}

/** One row of the published list. */
export interface TamperRow {
  readonly name: string;
  readonly actor: string;
  readonly object: string;
  readonly field: string;
  readonly isRepaired: boolean;
  /** `V1` to `V10`, `manifest`, or the pallet's error. */
  readonly foundBy: string;
}

/** The published list, in the order in which it is played. */
export function tamperRows(): readonly TamperRow[] {
  const found = MANIPULATIONS.map(({ name, level }) => {
    const { actor, object, field, foundBy } = targetOf(name);
    return { name, actor, object, field, isRepaired: level === 'repaired', foundBy };
  });
  const refused = REFUSED_COMMITS.map(({ name, error }) => {
    const { actor, object, field } = targetOf(name);
    return { name, actor, object, field, isRepaired: true, foundBy: error };
  });
  return [...found, ...refused];
}
