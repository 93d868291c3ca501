// @ts-check
/** Figure 4b: a hundred updates into the next model, against Flower's mean of the same. */
import { foldAgainstFlower } from '../lib/fold-against-flower.mjs';

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: [
    { id: '4b', title: "fold of 100 × 1.66 M against Flower's mean", unit: '× Flower', atLeast: 2 },
  ],
  run: async (bench) => ({ '4b': await foldAgainstFlower(bench) }),
};
