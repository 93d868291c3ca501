import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DENSE_I32, inspectUpdate } from '@tallystick/aggregation';
import { sha256 } from '@tallystick/kernel/node';
import { parseRunSpec } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { figures, linesOf, numbersOf } from './lib/figure.mjs';
import { exitCodeOf, jsonOf, lineOf, rowOf } from './lib/line.mjs';
import { flatManifest, NoiseUpdates } from './lib/noise.mjs';
import { median, perMinute, quantile, serialRate } from './lib/numbers.mjs';
import { runYaml, unitsFor } from './lib/run-yaml.mjs';

const RATIO = { id: '1', title: 'a ratio', unit: '%', atLeast: 80 };
const BOUND = { id: '8.lag', title: 'a bound', unit: 'ms', atMost: 50 };

describe('a line', () => {
  it.each([
    [RATIO, { value: 80 }, true],
    [RATIO, { value: 79.99 }, false],
    [RATIO, { value: Number.NaN }, false],
    [RATIO, { value: Infinity }, false],
    [RATIO, { skipped: 'nofile' }, false],
    [RATIO, undefined, false],
    [BOUND, { value: 50 }, true],
    [BOUND, { value: 50.01 }, false],
    [BOUND, { value: 60, atMost: 60 }, true],
    [{ id: '3', title: 'no bar at all', unit: 'MiB' }, { value: 0 }, false],
  ])('%j %j is ok: %s', (bar, measured, ok) => expect(lineOf(bar, measured).ok).toBe(ok));

  it('says as JSON what it is judged by, and judges what was measured, not what is shown', () => {
    const line = lineOf(RATIO, { value: 79.999_99, note: 'why' });
    const said = { id: '1', value: 80, unit: '%', atLeast: 80, ok: false, note: 'why' };
    expect(JSON.parse(jsonOf(line))).toEqual(said);
    expect(JSON.parse(jsonOf(lineOf(BOUND, { skipped: 'nofile' })))).toEqual({
      id: '8.lag',
      value: null,
      unit: 'ms',
      atMost: 50,
      ok: false,
      skipped: 'nofile',
    });
  });

  it('tells people its verdict, its bound and its reason', () => {
    expect(rowOf(lineOf(RATIO, { value: 91.2 }))).toMatch(/^1 +ok +91\.2 +≥ 80 % +a ratio$/);
    expect(rowOf(lineOf(BOUND, { value: 51 }))).toMatch(/SHORT +51 +≤ 50/);
    expect(rowOf(lineOf(BOUND, { skipped: 'nofile' }))).toMatch(/skipped +– +≤ 50[^]*nofile$/);
  });

  it('counts in the exit code unless it is ok, and never wraps to 0', () => {
    const good = lineOf(RATIO, { value: 90 });
    const short = lineOf(RATIO, { value: 10 });
    const skipped = lineOf(BOUND, { skipped: 'nofile' });
    expect(exitCodeOf([good])).toBe(0);
    expect(exitCodeOf([good, short, skipped])).toBe(2);
    expect(exitCodeOf(Array.from({ length: 256 }, () => short))).toBe(255);
  });
});

describe('the figures', () => {
  const bench = { full: false, python: undefined, profile: undefined, say: () => undefined };

  it('are those of the table, each line named once', async () => {
    const all = await figures();
    const numbers = '1 2 3 4 4b 4c 5 5b 6 7 8 9 10 11 25 26 30 31 32 33'.split(' ');
    expect(all.flatMap(numbersOf)).toEqual(numbers);
    const ids = all.flatMap(({ bars }) => bars.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('fall short with a reason when they fail, and one part without the others', async () => {
    const bars = [RATIO, BOUND];
    const failing = { bars, run: () => Promise.reject(new Error('no disk')) };
    const lines = await linesOf(failing, bench);
    expect(lines.map(({ ok, skipped }) => [ok, skipped])).toEqual([
      [false, 'failed: no disk'],
      [false, 'failed: no disk'],
    ]);
    const half = { bars, run: () => Promise.resolve({ 1: { value: 99 } }) };
    expect((await linesOf(half, bench)).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it('without a peer are skipped, not ok', async () => {
    const [figure] = (await figures()).filter((each) => numbersOf(each).includes('4b'));
    const [line] = figure === undefined ? [] : await linesOf(figure, bench);
    expect(line).toMatchObject({ id: '4b', ok: false, skipped: expect.stringContaining('Flower') });
  });

  it('that do not exist are refused before anything runs', async () => {
    const run = fileURLToPath(new URL('run.mjs', import.meta.url));
    const ended = promisify(execFile)(process.execPath, [run, '--only', '1,99']);
    await expect(ended).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining('no figure 99'),
    });
  });
});

describe('arithmetic', () => {
  it('takes the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('takes the value that a share does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('puts stages one after another', () => expect(serialRate([2, 2])).toBe(1));

  it('counts intervals, not ends', () => {
    expect(perMinute([0, 100, 200, 300])).toBe(600);
    expect(perMinute([7])).toBe(0);
  });
});

describe('noise', () => {
  const updates = new NoiseUpdates(flatManifest(3_000));

  it('is a canonical update, another under each name', () => {
    const manifest = flatManifest(3_000);
    const [a, b] = ['0/0/1', '0/0/2'].map((name) => updates.file(name));
    expect(a?.update).not.toBe(b?.update);
    for (const file of [a, b]) {
      const bytes = file?.slice(0, file.bytes) ?? new Uint8Array(0);
      expect(inspectUpdate(bytes, manifest, DENSE_I32)).toMatchObject({ ok: true });
      expect(sha256(bytes)).toBe(file?.update);
    }
  });

  it('comes in pieces that make up the file', () => {
    const file = updates.file('0/0/1');
    const whole = file.slice(0, file.bytes);
    for (const cut of [1, 100, file.bytes - 40, file.bytes - 32, file.bytes - 5]) {
      const joined = [...file.slice(0, cut), ...file.slice(cut, file.bytes)];
      expect(Buffer.from(joined).equals(whole)).toBe(true);
    }
  });
});

it('makes run specs of the size that was asked for', () => {
  for (const d of [1_000, 250_000, 25_000_000]) {
    expect(Math.abs(unitsFor(d).d / d - 1)).toBeLessThan(0.02);
    expect(parseRunSpec(runYaml({ d, nodes: 3, rounds: 1 })).ok).toBe(true);
  }
});
