import { EPOCH, SCORES } from '@tallystick/record';
import { z } from 'zod';
import { accountId, decimal, hash, hexBytes, roundNumber, runId, signed } from '../wire-types.js';

const counts = z.int().min(0);

/** A settled epoch: its record as it was signed, and the leaves of its tree. Amounts are smallest amounts. */
export const EpochView = z
  .strictObject({
    run: runId,
    epoch: counts,
    /** `queued`: not in a finalised block yet. `settled`: in its window, or final. */
    status: z.enum(['queued', 'settled', 'objected', 'void']),
    /** The window is over: claims are paid against it. */
    isFinal: z.boolean(),
    firstRound: roundNumber,
    lastRound: roundNumber,
    accounts: counts,
    /** Everything promised since the run began. */
    total: decimal,
    record: signed(EPOCH),
    recordHash: hash,
    /** Entitle records, ascending by account. */
    entitlements: hexBytes,
    /** Under `contribution`: Scores, which names the sheet that the shares follow from. */
    scores: signed(SCORES).nullable(),
  })
  .meta({ id: 'Epoch' });
export type EpochView = z.infer<typeof EpochView>;

/** `GET /runs/{run}/epochs`: ascending. */
export const EpochList = z.strictObject({ epochs: z.array(EpochView) }).meta({ id: 'EpochList' });
export type EpochList = z.infer<typeof EpochList>;

/** What an account has earned in a run, in smallest amounts. */
export const RewardView = z
  .strictObject({
    account: accountId,
    /** By the newest settled epoch. */
    entitled: decimal,
    paid: decimal,
    /** What a claim would pay now: by the newest final epoch. */
    due: decimal,
  })
  .meta({ id: 'Reward' });
export type RewardView = z.infer<typeof RewardView>;

/** `GET /runs/{run}/rewards`: ascending by account. */
export const RewardList = z
  .strictObject({
    run: runId,
    funded: decimal,
    allotted: decimal,
    paid: decimal,
    /** What went back when the run was closed; 0 before. */
    refund: decimal,
    /** No epoch follows, and nothing more goes back. */
    isClosed: z.boolean(),
    /** The newest final epoch; null while there is none. */
    claimable: counts.nullable(),
    rewards: z.array(RewardView),
  })
  .meta({ id: 'RewardList' });
export type RewardList = z.infer<typeof RewardList>;
