import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.js';
import { NO_FAULTS } from './faults.js';
import { MUTANTS } from './mutants.js';
import { drawSchedule } from './schedule.js';
import { type Played, type PlayOptions, simulate } from './simulate.js';
import { INVARIANTS } from './watch.js';

/** `TALLY_SIM_SEED=n` plays one schedule and prints it; `TALLY_SIM_SCHEDULES=n` plays so many. */
const ONE_SEED = process.env['TALLY_SIM_SEED'];
const SCHEDULES = Number(process.env['TALLY_SIM_SCHEDULES'] ?? 200);
const SEEDS =
  ONE_SEED === undefined
    ? Array.from({ length: SCHEDULES }, (_, seed) => seed)
    : [Number(ONE_SEED)];
/** So many meet every fault in every phase. */
const ENOUGH = 200;
/** A seeded bug that so many schedules do not find is not found. */
const MOST_SCHEDULES = 1_000;
const TRACE_LINES = 60;

/** The spec of a patient run names its number of nodes, so it decides its model. */
const calmModels: NonNullable<PlayOptions['calmModels']> = new Map();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** How to see it again. */
function report(seed: number, { violation, trace }: Played): string {
  if (violation === undefined) return '';
  const { invariant, detail } = violation;
  const newest = trace.slice(-TRACE_LINES).join('\n');
  return `${newest}\nTALLY_SIM_SEED=${seed} breaks ${invariant}: ${detail}`;
}

describe('a federation in virtual time', () => {
  it('plays the same seed event by event the same', async () => {
    for (let seed = 40; seed < 50; seed++) {
      const [first, second] = [
        await simulate(drawSchedule(seed)),
        await simulate(drawSchedule(seed)),
      ];
      expect(second).toEqual(first);
      expect((await simulate(drawSchedule(seed + 1))).traceDigest).not.toBe(first.traceDigest);
    }
  });

  it('needs no fault to come to its end', async () => {
    for (let seed = 0; seed < 8; seed++) {
      const played = await simulate({ ...drawSchedule(seed), faults: NO_FAULTS });
      expect(report(seed, played)).toBe('');
      expect(played.model).toBeDefined();
    }
  });

  it(
    'holds every invariant, whatever fails in whatever phase',
    async () => {
      const coverage = new Coverage();
      for (const seed of SEEDS) {
        const played = await simulate(drawSchedule(seed), { coverage, calmModels });
        if (ONE_SEED !== undefined) say(played.trace.join('\n'));
        expect(report(seed, played)).toBe('');
      }
      say(`${SEEDS.length} schedules\n${coverage.table()}`);
      expect(SEEDS.length < ENOUGH ? [] : coverage.missing()).toEqual([]);
    },
    1_000 * (120 + SEEDS.length),
  );
});

describe('the simulation finds', () => {
  it.each(MUTANTS)('$name', { timeout: 300_000 }, async (mutant) => {
    for (let seed = 0; seed < MOST_SCHEDULES; seed++) {
      const { violation } = await simulate(drawSchedule(seed), { mutant, calmModels });
      if (violation === undefined) continue;
      say(`${mutant.name}: seed ${seed} breaks ${violation.invariant}: ${violation.detail}`);
      expect(mutant.breaks).toContain(violation.invariant);
      return;
    }
    expect.fail(`not found in ${MOST_SCHEDULES} schedules`);
  });

  it('a bug in each invariant', () => {
    const broken = new Set(MUTANTS.flatMap(({ breaks }) => breaks));
    expect(INVARIANTS.filter((invariant) => !broken.has(invariant))).toEqual([]);
  });
});
