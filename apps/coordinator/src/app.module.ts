import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { ChainRelayModule } from './chain-relay/chain-relay.module.js';
import { Deployment } from './deployment.js';
import { DeploymentModule } from './deployment.module.js';
import { EvidenceModule } from './evidence/evidence.module.js';
import { FleetModule } from './fleet/fleet.module.js';
import { FleetServer } from './fleet/fleet-server.js';
import { HttpModule } from './http/http.module.js';
import { LedgerDuty } from './ledger/ledger-duty.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { type Duty, Leader } from './leader.js';
import { ModelsModule } from './models/models.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import { Enrolment } from './registry/enrolment.js';
import { RegistryModule } from './registry/registry.module.js';
import { RoundsModule } from './rounds/rounds.module.js';
import { AfterRestore } from './runs/after-restore.js';
import { RunService } from './runs/run-service.js';
import { RunsModule } from './runs/runs.module.js';
import { SettlementDuty } from './settlement/settlement-duty.js';
import { SettlementModule } from './settlement/settlement.module.js';

/** All rooms of the coordinator, and what of them only the leader does. */
@Module({})
export class AppModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly deployment: Deployment,
    private readonly leader: Leader,
    private readonly restore: AfterRestore,
    private readonly ledger: LedgerDuty,
    private readonly enrolment: Enrolment,
    private readonly runs: RunService,
    private readonly settlement: SettlementDuty,
    private readonly fleet: FleetServer,
  ) {}

  static of(deployment: Deployment): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DeploymentModule.of(deployment),
        PersistenceModule,
        AuthModule,
        HttpModule,
        OperationsModule,
        LedgerModule,
        RegistryModule,
        RoundsModule,
        FleetModule,
        ModelsModule,
        RunsModule,
        SettlementModule,
        EvidenceModule,
        ChainRelayModule,
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.leader.start(this.#duties());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.fleet.drain();
    await this.leader.stop();
  }

  /** In the order in which they are taken up; the first to be let go of is the last. */
  #duties(): readonly Duty[] {
    const { deployment, leader, restore, ledger, enrolment, runs, settlement, fleet } = this;
    const none = (): Promise<void> => Promise.resolve();
    return [
      { name: 'blobs', start: () => deployment.blobs.sweepDrafts(), stop: none },
      restore,
      ledger,
      runs,
      settlement,
      { name: 'enrolment', start: () => enrolment.resume(), stop: none },
      { name: 'fleet', start: none, stop: () => fleet.sendAway(leader.standby()) },
    ];
  }
}
