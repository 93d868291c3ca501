/** Mutants of pallet-tally that no test can find, and why: `file what` of mutate-pallet.mjs → reason. */
export const EQUIVALENT = new Map([]);
