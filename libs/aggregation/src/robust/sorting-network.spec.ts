import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparator, rankNetwork } from './sorting-network.js';

function run(network: readonly Comparator[], values: readonly number[]): number[] {
  const places = [...values];
  for (const { low, high } of network) {
    if (places[low] > places[high]) [places[low], places[high]] = [places[high], places[low]];
  }
  return places;
}

describe('rankNetwork', () => {
  it('sorts every pattern of zeros and ones, hence everything, up to 14 values', () => {
    for (let n = 1; n <= 14; n++) {
      const network = rankNetwork(n, { from: 0, to: n });
      for (let bits = 0; bits < 2 ** n; bits++) {
        const places = run(
          network,
          Array.from({ length: n }, (_, i) => (bits >> i) & 1),
        );
        expect(places.every((value, i) => i === 0 || places[i - 1] <= value)).toBe(true);
      }
    }
  });

  it('puts the wanted ranks in their places with no more comparators than a full sort', () => {
    const sizes = fc.integer({ min: 1, max: 300 });
    const inputs = sizes.chain((n) =>
      fc.tuple(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: n, maxLength: n }),
        fc.nat(n - 1),
        fc.integer({ min: 1, max: n }),
      ),
    );
    fc.assert(
      fc.property(inputs, ([values, from, length]) => {
        const n = values.length;
        const to = Math.min(n, from + length);
        const network = rankNetwork(n, { from, to });
        const wanted = [...values].sort((a, b) => a - b).slice(from, to);
        expect(run(network, values).slice(from, to)).toEqual(wanted);
        expect(network.length).toBeLessThanOrEqual(rankNetwork(n, { from: 0, to: n }).length);
      }),
    );
  });

  it('of 100 values needs 889 comparators for the median and 1,077 for all ranks', () => {
    expect(rankNetwork(100, { from: 49, to: 51 })).toHaveLength(889);
    expect(rankNetwork(100, { from: 0, to: 100 })).toHaveLength(1077);
  });

  it('a network that lacks one comparator does not sort', () => {
    const network = rankNetwork(5, { from: 0, to: 5 });
    for (let left = 0; left < network.length; left++) {
      const mutant = network.filter((_, i) => i !== left);
      const fails = Array.from({ length: 32 }, (_, bits) => {
        const places = run(
          mutant,
          Array.from({ length: 5 }, (_none, i) => (bits >> i) & 1),
        );
        return places.some((value, i) => i > 0 && places[i - 1] > value);
      });
      expect(fails).toContain(true);
    }
  });
});
