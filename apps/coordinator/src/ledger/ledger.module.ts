import { type BeforeApplicationShutdown, Module, type OnModuleInit } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { Readiness } from '../readiness.js';
import { Leadership } from '../persistence/leadership.js';
import { OutboxRows } from '../persistence/outbox-rows.js';
import { OutboxSignal } from '../persistence/outbox-signal.js';
import { RunRows } from '../persistence/run-rows.js';
import { CommitPublisher } from './commit-publisher.js';
import { reconcile } from './reconcile.js';
import { Wake } from '../wake.js';

/** Carries closed rounds to the chain, and holds database and chain against each other at start. */
@Module({
  providers: [
    { provide: Wake, inject: [Deployment], useFactory: ({ clock }: Deployment) => new Wake(clock) },
    {
      provide: CommitPublisher,
      inject: [Deployment, OutboxRows, Wake, Leadership],
      useFactory: (deployment: Deployment, outbox: OutboxRows, wake: Wake, leader: Leadership) => {
        const { ledger, signer, sha256, clock, logger, crash, metrics } = deployment;
        const help = 'Closed rounds that are not final on the chain, up to a batch of 64.';
        const backlog = metrics.gauge('tally_ledger_waiting_rounds', help);
        const lead = (): Promise<void> => leader.hold();
        const ports = { outbox, ledger, signer, sha256, wake, clock, logger };
        return new CommitPublisher({ ...ports, crash, backlog, lead });
      },
    },
  ],
})
export class LedgerModule implements OnModuleInit, BeforeApplicationShutdown {
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly deployment: Deployment,
    private readonly runs: RunRows,
    private readonly outbox: OutboxRows,
    private readonly signal: OutboxSignal,
    private readonly publisher: CommitPublisher,
    private readonly wake: Wake,
    private readonly leader: Leadership,
    private readonly readiness: Readiness,
  ) {}

  /** Before any run goes on: what is final is known, and a conflict stops the start. */
  async onModuleInit(): Promise<void> {
    const { ledger, sha256 } = this.deployment;
    this.readiness.probe('chain', async () => void (await ledger.finalized()));
    await reconcile(await this.runs.ids(), { outbox: this.outbox, ledger, sha256 });
    this.signal.listen(() => this.wake.set());
    this.#running = this.publisher.run(this.#stop.signal).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.deployment.logger.error('ledger.halted', { reason });
      this.readiness.report('ledger', reason);
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.leader.release();
  }
}
