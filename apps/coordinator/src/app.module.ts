import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import type { Deployment } from './deployment.js';
import { DeploymentModule } from './deployment.module.js';
import { EvidenceModule } from './evidence/evidence.module.js';
import { FleetModule } from './fleet/fleet.module.js';
import { HttpModule } from './http/http.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { ModelsModule } from './models/models.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import { RegistryModule } from './registry/registry.module.js';
import { RoundsModule } from './rounds/rounds.module.js';
import { RunsModule } from './runs/runs.module.js';

/** All rooms of the coordinator. */
@Module({})
export class AppModule {
  static of(deployment: Deployment): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DeploymentModule.of(deployment),
        PersistenceModule,
        AuthModule,
        HttpModule,
        LedgerModule,
        RegistryModule,
        RoundsModule,
        FleetModule,
        ModelsModule,
        RunsModule,
        EvidenceModule,
      ],
    };
  }
}
