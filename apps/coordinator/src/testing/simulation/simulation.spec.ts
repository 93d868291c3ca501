import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.js';
import { drawSchedule } from './schedule.js';
import { simulate } from './simulate.js';

const SCHEDULES = Number(process.env['TALLY_SIM_SCHEDULES'] ?? 300);
const SEED = process.env['TALLY_SIM_SEED'];

describe('the simulated federation', () => {
  it('holds every invariant', async () => {
    const coverage = new Coverage();
    const seeds =
      SEED === undefined ? Array.from({ length: SCHEDULES }, (_, i) => i) : [Number(SEED)];
    const failures: string[] = [];
    const t = performance.now();
    for (const seed of seeds) {
      const played = await simulate(drawSchedule(seed), { coverage });
      if (SEED !== undefined) console.log(played.trace.join('\n'));
      if (played.violation)
        failures.push(`${seed}: ${played.violation.invariant}: ${played.violation.detail}`);
    }
    console.log(coverage.table(), '\n', (performance.now() - t) / seeds.length, 'ms each');
    console.log(failures.length, failures.slice(0, 25).join('\n'));
    expect(failures.length).toBe(0);
  }, 600_000);
});
