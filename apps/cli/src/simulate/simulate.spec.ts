import { fileURLToPath } from 'node:url';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { parseRunSpec, specHash } from '@tallystick/protocol';
import { loadDataset } from '@tallystick/training';
import { describe, expect, it } from 'vitest';
import { compare } from '../federation/comparison.js';
import { type Example, loadExample } from '../federation/example.js';
import { simulate } from './simulate.js';

const DIGITS = fileURLToPath(new URL('../../../../examples/optdigits', import.meta.url));
const HEART = fileURLToPath(new URL('../../../../examples/heart-disease', import.meta.url));
const never = new AbortController().signal;

describe('simulate', () => {
  it('C: plays 15 rounds of four hospitals, the same models every time, others for another seed', async () => {
    const models = async (seed?: number): Promise<readonly string[]> => {
      const example = await loadExample(HEART, seed);
      const { headers, outcome } = await simulate(example, {
        logger: new MemoryLogger(),
        signal: never,
      });
      expect(outcome.status).toBe('completed');
      expect(headers.map(({ included }) => included)).toEqual(Array(15).fill(4));
      return headers.map(({ modelAfter }) => modelAfter);
    };
    const first = await models();
    expect(new Set(first).size).toBe(15);
    expect(await models()).toEqual(first);
    const other = await models(1);
    expect(other.filter((model) => first.includes(model))).toEqual([]);
  });

  it('C: plays asynchronous rounds, the same models every time, with updates of several ages', async () => {
    const example = await loadExample(HEART);
    const text = example.text.replace('min: 4, max: 4', 'min: 2, max: 2');
    const parsed = parseRunSpec(`${text}asynchronous: { maxStaleness: 3 }\n`);
    if (!parsed.ok) throw parsed.error;
    const { spec, canonical } = parsed;
    const changed = { ...example, spec, canonical, specHash: specHash(sha256, canonical) };
    const play = () => simulate(changed, { logger: new MemoryLogger(), signal: never });
    const { headers, outcome, accuracyOf } = await play();
    expect(outcome).toMatchObject({ status: 'completed', rounds: 15 });
    expect(headers.map(({ included, mode }) => [included, mode])).toEqual(Array(15).fill([2, 2]));
    for (const accuracy of accuracyOf.values()) expect(accuracy).toBeGreaterThan(0.5);
    const again = await play();
    const models = (played: typeof again): unknown =>
      played.headers.map(({ modelAfter, sumWeight }) => [modelAfter, sumWeight]);
    expect(models(again)).toEqual(models({ headers, outcome, accuracyOf }));
    // Four sites in turn over a buffer of two: 199 + 172 rows, then 30 and 85 rows of one round ago, each ÷ √2.
    const weights = headers.map(({ sumWeight }) => sumWeight);
    expect(weights.slice(0, 3)).toEqual([371n, 21n + 60n, 140n + 121n]);
  });

  it('A: counts and accuracies of the four hospitals', async () => {
    const example = await loadExample(HEART);
    const { accuracyOf } = await simulate(example, { logger: new MemoryLogger(), signal: never });
    const comparison = await compare(example, accuracyOf);
    expect(comparison.sites.map(({ name, train, test }) => [name, train, test])).toEqual([
      ['cleveland', 199, 104],
      ['hungarian', 172, 89],
      ['switzerland', 30, 16],
      ['va', 85, 45],
    ]);
    for (const { accuracy } of comparison.sites) expect(accuracy).toBeGreaterThan(0.5);
  });

  it('goes on where sites carry a residual and not every update is counted', async () => {
    const example = await changed(HEART, [
      ['rounds: 15', 'rounds: 6'],
      ['count: { min: 4, max: 4 }', 'count: { min: 2, max: 3 }'],
      ['seed: 0', 'numeric: { codec: i8 }'],
    ]);
    const logger = new MemoryLogger();
    const { headers, outcome } = await simulate(example, { logger, signal: never });
    expect(outcome.status).toBe('completed');
    expect(headers.map(({ included }) => included)).toEqual(Array(6).fill(3));
    expect(JSON.stringify(logger)).not.toContain('simulate.declined');
  });

  it('learns the digits of twenty sites', { timeout: 120_000 }, async () => {
    const example = await changed(DIGITS, [['rounds: 30', 'rounds: 6']]);
    const { accuracyOf } = await simulate(example, { logger: new MemoryLogger(), signal: never });
    const accuracies = [...accuracyOf.values()];
    expect(accuracies).toHaveLength(20);
    const mean = accuracies.reduce((a, b) => a + b, 0) / 20;
    expect(mean).toBeGreaterThan(0.85);
    const { sites } = await loadExample(DIGITS);
    const sets = await Promise.all(
      sites.map(({ datasetPath }) => loadDataset(datasetPath, example.spec.data)),
    );
    expect(sets.reduce((sum, { train }) => sum + train.rows, 0)).toBe(3823);
    expect(sets.reduce((sum, { test }) => sum + test.rows, 0)).toBe(1797);
  });
});

/** An example with parts of its run.yaml replaced. */
async function changed(
  folder: string,
  edits: readonly (readonly [string, string])[],
): Promise<Example> {
  const example = await loadExample(folder);
  const text = edits.reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replace(from, to);
  }, example.text);
  const parsed = parseRunSpec(text);
  if (!parsed.ok) throw parsed.error;
  const { spec, canonical } = parsed;
  return { ...example, text, spec, canonical, specHash: specHash(sha256, canonical) };
}
