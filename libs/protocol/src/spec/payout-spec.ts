import { z } from 'zod';
import { BY_WEIGHT, MAX_EPOCH_ROUNDS } from './payout-of.js';
import { alsoBeside } from './rule.js';

/** How the pot becomes pay (protocol.md §6). The chain holds the same numbers. */
export const PayoutSpec = z
  .strictObject({
    /** Shares by the sum of weights, per organisation that contributed, or by what updates were worth. */
    policy: z.enum(['weight', 'equal', 'contribution']).default('weight'),
    /** Rounds that are settled together; without it 5, and under `contribution` all rounds of the run. */
    epochRounds: z.number().int().min(1).max(MAX_EPOCH_ROUNDS).optional(),
    /** Most of an epoch's budget that one organisation gets; what is above goes to the others. */
    capPpm: z.number().int().min(1).max(1_000_000).default(1_000_000),
    /** A public CSV file with the columns of `data`: contributions are scored on its rows. */
    validation: z
      .strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits') })
      .optional(),
  })
  .refine((p) => p.policy !== 'contribution' || p.validation !== undefined, {
    error: 'must be given with contribution: updates are scored on it',
    path: ['validation'],
    ...alsoBeside('policy'),
  })
  .refine((p) => p.policy === 'contribution' || p.validation === undefined, {
    error: 'belongs to contribution alone',
    path: ['validation'],
    ...alsoBeside('policy'),
  })
  // What depends on the rounds of the run is left out: `payoutOf` knows them.
  .overwrite((p) =>
    p.epochRounds === undefined && p.policy !== 'contribution'
      ? { ...p, epochRounds: BY_WEIGHT.epochRounds }
      : p,
  );
export type PayoutSpec = z.infer<typeof PayoutSpec>;
