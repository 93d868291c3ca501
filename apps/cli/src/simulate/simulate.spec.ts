import { fileURLToPath } from 'node:url';
import { MemoryLogger } from '@tallystick/kernel/testing';
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
