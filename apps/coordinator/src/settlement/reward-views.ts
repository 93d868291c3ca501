import type { AccountId, Clock, Hash, RunId, Sha256, Signer } from '@tallystick/kernel';
import { type AnchoredEpoch, type RoundLedger, UNIT } from '@tallystick/chain';
import type { EpochList, EpochView, RewardList, RewardView } from '@tallystick/protocol';
import {
  ENTITLE,
  type Epoch,
  EPOCH,
  recordHash,
  type Scores,
  SCORES,
  signRecord,
} from '@tallystick/record';
import type { Sees } from '../auth/run-access.js';
import type { EpochRow, EpochRows } from '../persistence/epoch-rows.js';
import { recordListHex } from '../persistence/record-list.js';
import type { RunRows } from '../persistence/run-rows.js';

export interface RewardViewsDeps {
  readonly runs: Pick<RunRows, 'get'>;
  readonly epochs: Pick<EpochRows, 'list'>;
  readonly ledger: Pick<RoundLedger, 'chainRun' | 'epoch' | 'paid'>;
  /** The coordinator key: stored records get the signatures they went out with. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly clock: Clock;
}

/** An epoch with what the chain holds of it. */
interface Standing {
  readonly row: EpochRow;
  readonly anchored: AnchoredEpoch | undefined;
  readonly isFinal: boolean;
}

/** Epochs and rewards as the API shows them. */
export class RewardViews {
  readonly #deps: RewardViewsDeps;

  constructor(deps: RewardViewsDeps) {
    this.#deps = deps;
  }

  async epochs(run: RunId): Promise<EpochList> {
    const standings = await this.#standings(run);
    return { epochs: standings.map((standing) => this.#view(standing)) };
  }

  /** Sums are of the whole run; accounts are those that `sees` lets through. */
  async rewards(run: RunId, sees: Sees<AccountId>): Promise<RewardList> {
    const { ledger, runs } = this.#deps;
    const pot = (await runs.get(run)).pot * UNIT;
    const standings = await this.#standings(run);
    const chainRun = await ledger.chainRun(run);
    const funded = chainRun?.funded ?? 0n;
    const isClosed = chainRun?.status === 'closed';
    const final = standings.findLast(({ isFinal }) => isFinal)?.row;
    const newest = standings.findLast(({ anchored }) => anchored?.status === 'settled')?.row;
    const claimable = new Map(final?.entitlements.map((leaf) => [leaf.account, leaf.cumulative]));
    const rewards: RewardView[] = [];
    for (const { account, cumulative } of newest?.entitlements ?? []) {
      if (!sees(account)) continue;
      const paid = await ledger.paid(run, account);
      const open = claimable.get(account) ?? 0n;
      const due = open > paid ? open - paid : 0n;
      rewards.push({
        account,
        entitled: cumulative.toString(),
        paid: paid.toString(),
        due: due.toString(),
      });
    }
    return {
      run,
      funded: funded.toString(),
      allotted: (chainRun?.allotted ?? 0n).toString(),
      paid: (chainRun?.paid ?? 0n).toString(),
      refund: (isClosed && pot > funded ? pot - funded : 0n).toString(),
      isClosed,
      claimable: final?.epoch ?? null,
      rewards,
    };
  }

  async #standings(run: RunId): Promise<readonly Standing[]> {
    const { runs, epochs, ledger, sha256, clock } = this.#deps;
    await runs.get(run);
    const rows = await epochs.list(run);
    const challengeMs = rows.length === 0 ? 0n : ((await ledger.chainRun(run))?.challengeMs ?? 0n);
    const nowMs = BigInt(clock.nowMs());
    return Promise.all(
      rows.map(async (row) => {
        const held = await ledger.epoch(run, row.epoch);
        const anchored = held?.record === recordHash(sha256, EPOCH, row.record) ? held : undefined;
        const isSettled = anchored?.status === 'settled';
        const isFinal = isSettled && nowMs >= anchored.settledAtMs + challengeMs;
        return { row, anchored, isFinal };
      }),
    );
  }

  #view({ row, anchored, isFinal }: Standing): EpochView {
    const { signer, sha256 } = this.#deps;
    const { record, entitlements, sheet } = row;
    return {
      run: row.run,
      epoch: row.epoch,
      status: anchored?.status ?? 'queued',
      isFinal,
      firstRound: record.firstRound,
      lastRound: record.lastRound,
      accounts: record.accounts,
      total: record.total.toString(),
      record: signRecord(EPOCH, record, signer).wire,
      recordHash: recordHash(sha256, EPOCH, record),
      entitlements: recordListHex(ENTITLE, entitlements),
      scores: sheet === undefined ? null : signRecord(SCORES, scoresOf(record, sheet), signer).wire,
    };
  }
}

function scoresOf({ chain, run, epoch }: Epoch, sheet: Hash): Scores {
  return { chain, run, epoch, sheet };
}
