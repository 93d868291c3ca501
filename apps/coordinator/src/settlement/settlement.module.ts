import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { Leader } from '../leader.js';
import { Claims } from '../persistence/claims.js';
import { EpochRows } from '../persistence/epoch-rows.js';
import type { Fence } from '../persistence/fence.js';
import { OutboxSignal } from '../persistence/outbox-signal.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { VoidRows } from '../persistence/void-rows.js';
import { SettlementRows } from '../persistence/settlement-rows.js';
import { Readiness } from '../readiness.js';
import { Wake } from '../wake.js';
import { DemandWatch } from './demand-watch.js';
import { ScoreDesk } from './score-desk.js';
import { scoreInProcess } from './score-in-process.js';
import { RewardViews } from './reward-views.js';
import { SettlementController } from './settlement.controller.js';
import { SettlementDuty } from './settlement-duty.js';
import { Settler } from './settler.js';

/** Pay, demands and the end of runs. */
@Module({
  controllers: [SettlementController],
  providers: [
    {
      provide: DemandWatch,
      inject: [Deployment, RunRows, RoundRows, Readiness],
      useFactory: (
        { ledger, sha256, clock, logger, metrics }: Deployment,
        runs: RunRows,
        rounds: RoundRows,
        readiness: Readiness,
      ) => {
        const open = metrics.gauge('tally_open_demands', 'Demands that wait for an answer.');
        const answers = metrics.counter(
          'tally_demand_answers_total',
          'Answers to demands, by what became of them.',
          ['outcome'],
        );
        const ports = { ledger, sha256, clock, logger };
        return new DemandWatch({ runs, rounds, readiness, open, answers, ...ports });
      },
    },
    {
      provide: SettlementDuty,
      inject: [
        Deployment,
        Leader,
        Claims,
        RunRows,
        SettlementRows,
        EpochRows,
        VoidRows,
        OutboxSignal,
        DemandWatch,
        Readiness,
      ],
      useFactory: (
        { ledger, blobs, sha256, clock, logger }: Deployment,
        leader: Leader,
        claims: Claims,
        runs: RunRows,
        rounds: SettlementRows,
        rows: EpochRows,
        voids: VoidRows,
        signal: OutboxSignal,
        demands: DemandWatch,
        readiness: Readiness,
      ) => {
        const ports = { ledger, sha256, clock, logger };
        const desk = new ScoreDesk({ blobs, clock, logger, score: scoreInProcess });
        const queued = (): void => signal.raise();
        const settler = (fence: Fence): Settler => {
          const epochs = rows.under(fence);
          const own = { runs, rounds, epochs, voids, readiness };
          return new Settler({ ...own, fence, queued, desk, blobs, ...ports });
        };
        return new SettlementDuty({
          claims,
          looks: (fence) => [demands, settler(fence)],
          wake: new Wake(clock),
          desk,
          logger,
          onFenced: () => leader.doubt(),
        });
      },
    },
    {
      provide: RewardViews,
      inject: [Deployment, RunRows, EpochRows],
      useFactory: (
        { ledger, signer, sha256, clock }: Deployment,
        runs: RunRows,
        epochs: EpochRows,
      ) => new RewardViews({ runs, epochs, ledger, signer, sha256, clock }),
    },
  ],
  exports: [SettlementDuty],
})
export class SettlementModule {}
