import { dirname } from 'node:path';
import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { Leader } from '../leader.js';
import { DatabasePool } from '../persistence/database-pool.js';
import { OutboxRows } from '../persistence/outbox-rows.js';
import { Readiness } from '../readiness.js';
import { RoundDirectory } from '../rounds/round-directory.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { assertDiskSpace, diskOf } from './disk-space.js';
import { operatorGauges } from './operator-gauges.js';

/** What the machines around this process ask about it, beyond what its rooms count themselves. */
@Module({ imports: [RoundsModule] })
export class OperationsModule {
  constructor(
    deployment: Deployment,
    leader: Leader,
    readiness: Readiness,
    directory: RoundDirectory,
    outbox: OutboxRows,
    pool: DatabasePool,
  ) {
    const { ledger, metrics, clock, blobs } = deployment;
    const disks = [diskOf('data', dirname(deployment.apiTokenFile)), diskOf('blobs', blobs.folder)];
    readiness.probe('disk', () => assertDiskSpace(disks));
    const ports = { ledger, metrics, clock };
    operatorGauges({ leader, readiness, directory, outbox, pool, disks, ...ports });
  }
}
