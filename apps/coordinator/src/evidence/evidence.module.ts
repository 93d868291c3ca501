import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { ModelsModule } from '../models/models.module.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { EvidenceController } from './evidence.controller.js';
import { Evidence } from './evidence.js';

/** The read side for auditors. */
@Module({
  imports: [ModelsModule],
  controllers: [EvidenceController],
  providers: [
    {
      provide: Evidence,
      inject: [Deployment, RunRows, RoundRows],
      useFactory: ({ signer, sha256 }: Deployment, rows: RunRows, rounds: RoundRows) =>
        new Evidence({ rows, rounds, signer, sha256 }),
    },
  ],
})
export class EvidenceModule {}
