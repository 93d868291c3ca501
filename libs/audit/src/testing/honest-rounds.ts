import type { Hash } from '@tallystick/kernel';
import { exitCodeOf } from '../report.js';
import { verifyBundle } from '../verify-bundle.js';
import { testBundle } from './fixture/test-bundle.js';
import type { Behaviour } from './fixture/test-node.js';

/** Rounds of one simulated run; its chain holds a block for each of them. */
const ROUNDS_PER_RUN = 100;

/** What was simulated. */
export interface HonestRounds {
  readonly runs: number;
  /** Rounds that the audit recomputed, empty ones among them. */
  readonly rounds: number;
  readonly emptyRounds: number;
  /** Runs in which the audit found something, with what it said. */
  readonly alarms: readonly { readonly seed: number; readonly found: string }[];
}

/** Ways in which honest runs differ. */
const VARIANTS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { numeric: { codec: 'i16' } },
  { numeric: { codec: 'i8', topPpm: 200_000 } },
  { numeric: { weighting: 'equal' } },
  { strategy: { fedAvg: {} } },
  { strategy: { fedYogi: { serverLearningRate: 0.1, tau: 1e-6 } } },
  { clip: { norm: 0.01 } },
  { robust: { rule: 'trimmedMean', attackers: 1 } },
];

/**
 * Plays honest runs until `atLeast` rounds were played, and audits each: the real run loop, four nodes that train,
 * decline or stay silent as the seed says, a real chain in this process with a block for each round, a bundle on disk.
 * Not simulated: sockets, database, processes, training on data.
 */
export async function honestRounds(
  atLeast: number,
  knownRuntimes: ReadonlySet<Hash>,
  onRun: (so: HonestRounds) => void = () => undefined,
): Promise<HonestRounds> {
  let sum: HonestRounds = { runs: 0, rounds: 0, emptyRounds: 0, alarms: [] };
  for (let seed = 0; sum.rounds < atLeast; seed++) {
    const { rounds, emptyRounds, found } = await honestRun(
      { seed, rounds: Math.min(ROUNDS_PER_RUN, atLeast - sum.rounds) },
      knownRuntimes,
    );
    sum = {
      runs: sum.runs + 1,
      rounds: sum.rounds + rounds,
      emptyRounds: sum.emptyRounds + emptyRounds,
      alarms: found === undefined ? sum.alarms : [...sum.alarms, { seed, found }],
    };
    onRun(sum);
  }
  return sum;
}

async function honestRun(
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
  knownRuntimes: ReadonlySet<Hash>,
): Promise<{ rounds: number; emptyRounds: number; found: string | undefined }> {
  const script = scriptOf(seed, rounds);
  const counting = script.filter((row) => row.filter((one) => one === 'train').length >= 3).length;
  const variant = VARIANTS[seed % VARIANTS.length] ?? {};
  const spec = { ...variant, rounds: counting, maxEmptyRounds: rounds };
  const bundle = await testBundle({ script, spec, nodeKeys: `node of ${seed}` });
  try {
    const anchors = { nodeKeys: [], logs: bundle.anchors };
    const report = await verifyBundle({ folder: bundle.folder, anchors, knownRuntimes });
    const isWell = exitCodeOf(report) === 0 && report.verdict === 'VERIFIED';
    const found = isWell ? undefined : report.summary;
    return { rounds: report.rounds, emptyRounds: report.emptyRounds, found };
  } finally {
    await bundle.remove();
  }
}

/** What four nodes do in each round, by an LCG of the seed; the last round counts, so that the run is complete. */
function scriptOf(seed: number, rounds: number): readonly (readonly Behaviour[])[] {
  let state = BigInt(seed) * 2_862_933_555_777_941_757n + 3_037_000_493n;
  const next = (below: number): number => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(state >> 33n) % below;
  };
  const behaviour = (): Behaviour => {
    const draw = next(10);
    if (draw === 0) return 'decline';
    return draw === 1 ? 'silent' : 'train';
  };
  const whole: readonly Behaviour[] = ['train', 'train', 'train', 'train'];
  return Array.from({ length: rounds }, (_, round) =>
    round === rounds - 1 ? whole : whole.map(behaviour),
  );
}
