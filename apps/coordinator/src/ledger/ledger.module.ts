import { Module, type OnModuleInit } from '@nestjs/common';
import { isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import { Deployment } from '../deployment.js';
import { EpochRows } from '../persistence/epoch-rows.js';
import type { Fence } from '../persistence/fence.js';
import { Leader } from '../leader.js';
import { Claims } from '../persistence/claims.js';
import { type Outbox, OutboxRows } from '../persistence/outbox-rows.js';
import { OutboxSignal } from '../persistence/outbox-signal.js';
import { RunRows } from '../persistence/run-rows.js';
import { VoidRows } from '../persistence/void-rows.js';
import { VoidSignal } from '../persistence/void-signal.js';
import { Readiness } from '../readiness.js';
import { Wake } from '../wake.js';
import { CommitPublisher } from './commit-publisher.js';
import { EpochPublisher } from './epoch-publisher.js';
import { LedgerController } from './ledger.controller.js';
import { LedgerDuty } from './ledger-duty.js';
import { LedgerViews } from './ledger-views.js';

/** Carries closed rounds to the chain, and holds database and chain against each other before. */
@Module({
  controllers: [LedgerController],
  providers: [
    {
      provide: LedgerViews,
      inject: [Deployment, OutboxRows],
      useFactory: ({ ledger, chainUrl }: Deployment, outbox: OutboxRows) =>
        new LedgerViews({ ledger, chainUrl, outbox }),
    },
    { provide: Wake, inject: [Deployment], useFactory: ({ clock }: Deployment) => new Wake(clock) },
    {
      provide: LedgerDuty,
      inject: [
        Deployment,
        Leader,
        Claims,
        RunRows,
        VoidRows,
        OutboxRows,
        EpochRows,
        Wake,
        Readiness,
        VoidSignal,
      ],
      useFactory: (
        deployment: Deployment,
        leader: Leader,
        claims: Claims,
        runs: RunRows,
        voids: VoidRows,
        rows: OutboxRows,
        epochs: EpochRows,
        wake: Wake,
        readiness: Readiness,
        signal: VoidSignal,
      ) => {
        const { ledger, sha256, clock, logger } = deployment;
        const voided = (run: RunId): void => signal.raise(run);
        const publisher = publisherOf(deployment, { wake, epochs, readiness });
        const onFenced = (): void => leader.doubt();
        const ports = { ledger, sha256, readiness, clock, logger, voided };
        return new LedgerDuty({ claims, runs, voids, outbox: rows, publisher, onFenced, ...ports });
      },
    },
  ],
  exports: [LedgerDuty],
})
export class LedgerModule implements OnModuleInit {
  constructor(
    private readonly deployment: Deployment,
    private readonly signal: OutboxSignal,
    private readonly wake: Wake,
    private readonly readiness: Readiness,
  ) {}

  onModuleInit(): void {
    const { ledger, chainUrl: url } = this.deployment;
    this.readiness.probe('chain', async () => {
      await ledger.finalized().catch((error: unknown) => {
        if (isTallyError(error)) throw error;
        throw new TallyError('LEDGER_UNREACHABLE', { url, reason: String(error) }, error);
      });
    });
    this.signal.listen(() => this.wake.set());
  }
}

function publisherOf(
  { ledger, signer, sha256, clock, logger, crash, metrics, trace }: Deployment,
  {
    wake,
    epochs,
    readiness,
  }: { readonly wake: Wake; readonly epochs: EpochRows; readonly readiness: Readiness },
): (outbox: Outbox, fence: Fence) => CommitPublisher {
  const backlog = metrics.gauge(
    'tally_ledger_waiting_rounds',
    'Closed rounds that are not final on the chain, up to a batch of 64.',
  );
  const ports = { ledger, signer, sha256, clock, logger, crash };
  return (outbox, fence) =>
    new CommitPublisher({
      ...{ outbox, wake, backlog, readiness, trace, ...ports },
      epochs: new EpochPublisher({ epochs: epochs.under(fence), readiness, ...ports }),
    });
}
