import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { ModelsModule } from '../models/models.module.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { VoidRows } from '../persistence/void-rows.js';
import { EvidenceController } from './evidence.controller.js';
import { Evidence } from './evidence.js';

/** The read side for auditors. */
@Module({
  imports: [ModelsModule],
  controllers: [EvidenceController],
  providers: [
    {
      provide: Evidence,
      inject: [Deployment, RunRows, RoundRows, VoidRows],
      useFactory: (
        { signer, sha256 }: Deployment,
        rows: RunRows,
        rounds: RoundRows,
        voids: VoidRows,
      ) => new Evidence({ rows, rounds, voids, signer, sha256 }),
    },
  ],
})
export class EvidenceModule {}
