// @ts-check
/**
 * Figure 31: what one round costs the chain, counted from real encodings of a chain in this process: the extrinsic that
 * commits it, the events of that block, and the storage that stays (the round's entry and what the run's entry grew). A
 * header carries counts and roots, so a cohort of ten thousand costs what one of two does.
 */
import { roundBytes } from '../../libs/audit/dist/testing/round-bytes.js';

const MAX_BYTES = 1_000;

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '31.2', title: 'chain bytes of a round of 2 nodes', unit: 'bytes', atMost: MAX_BYTES },
    {
      id: '31.10000',
      title: 'chain bytes of a round of 10,000 nodes',
      unit: 'bytes',
      atMost: MAX_BYTES,
    },
  ],
  run: async () => {
    const of = async (/** @type {number} */ cohort) => {
      const { extrinsic, events, storage } = await roundBytes(cohort);
      const note = `extrinsic ${extrinsic}, events ${events}, storage ${storage}`;
      return { value: extrinsic + events + storage, note };
    };
    return { 31.2: await of(2), '31.10000': await of(10_000) };
  },
};
