import type { Hash } from '@tallystick/kernel';
import type { NewRun } from '../client/round-ledger.js';
import { RUN_TERMS } from './run-terms.js';

/** A run that pays nothing, asks for no consent and is final at once. */
export function plainRun(
  ids: { readonly spec: Hash; readonly model: Hash },
  changes: Partial<NewRun> = {},
): NewRun {
  return {
    ...ids,
    ...RUN_TERMS,
    windows: { challengeMs: 0n, settleMs: 0n, haltMs: 86_400_000n, maxTaskAgeBlocks: 1_024 },
    pot: 0n,
    ...changes,
  };
}
