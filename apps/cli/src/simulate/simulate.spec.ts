import { fileURLToPath } from 'node:url';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { parseRunSpec, specHash } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { compare } from '../federation/comparison.js';
import { loadExample } from '../federation/example.js';
import { simulate } from './simulate.js';

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
});
