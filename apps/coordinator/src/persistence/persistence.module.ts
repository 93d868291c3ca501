import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Deployment } from '../deployment.js';
import { Leader } from '../leader.js';
import { Readiness } from '../readiness.js';
import { Claims } from './claims.js';
import { DatabasePool } from './database-pool.js';
import { EpochRows } from './epoch-rows.js';
import { EventFeed } from './event-feed.js';
import { LaunchRows } from './launch-rows.js';
import { Lease } from './lease.js';
import { NodeRows } from './node-rows.js';
import { assertSchema, databaseOptions, openDatabase } from './open-database.js';
import { OutboxRows } from './outbox-rows.js';
import { OutboxSignal } from './outbox-signal.js';
import { PgRoundJournal } from './pg-round-journal.js';
import { FigureRows } from './figure-rows.js';
import { RoundRows } from './round-rows.js';
import { RunRows } from './run-rows.js';
import { SettlementRows } from './settlement-rows.js';
import { ActRows } from './act-rows.js';
import { RunSight } from './run-sight.js';
import { SessionRows } from './session-rows.js';
import { TokenRows } from './token-rows.js';
import { UserRows } from './user-rows.js';
import { VoidRows } from './void-rows.js';
import { VoidSignal } from './void-signal.js';
import { UnitOfWork } from './unit-of-work.js';

/** The database: entities, migrations, unit of work, and the journal of rounds. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Deployment],
      // A database that does not answer at start is the operator's business, at once: no retries.
      useFactory: ({
        databaseUrl,
        databasePoolSize: poolSize,
        sessionName,
        leaseMs,
      }: Deployment) => ({
        ...databaseOptions(databaseUrl, { poolSize, sessionName, leaseMs }),
        toRetry: () => false,
      }),
      dataSourceFactory: async (options) => {
        if (options === undefined) throw new RangeError('no database options');
        return openDatabase(options);
      },
    }),
  ],
  providers: [
    EventFeed,
    OutboxSignal,
    VoidSignal,
    {
      provide: UnitOfWork,
      inject: [DataSource, EventFeed, Deployment],
      useFactory: (source: DataSource, feed: EventFeed, { clock }: Deployment) =>
        new UnitOfWork(source, feed, clock),
    },
    {
      provide: PgRoundJournal,
      inject: [UnitOfWork, OutboxSignal, Deployment],
      useFactory: (work: UnitOfWork, signal: OutboxSignal, { crash }: Deployment) =>
        new PgRoundJournal(work, { crash, closed: () => signal.raise() }),
    },
    {
      provide: Leader,
      inject: [Deployment, Readiness],
      useFactory: (deployment: Deployment, readiness: Readiness) => {
        const { databaseUrl: url, sessionName, leaseMs: ttlMs, clock, logger } = deployment;
        const address = (): string => deployment.publicUrl;
        const lease = new Lease({ url, sessionName, ttlMs, address, clock, logger });
        return new Leader({ lease, ttlMs, readiness, clock, logger });
      },
    },
    {
      provide: DatabasePool,
      inject: [DataSource],
      useFactory: (source: DataSource) => new DatabasePool(source),
    },
    {
      provide: Claims,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new Claims(work),
    },
    {
      provide: FigureRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new FigureRows(work),
    },
    { provide: RunRows, inject: [UnitOfWork], useFactory: (work: UnitOfWork) => new RunRows(work) },
    {
      provide: RoundRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new RoundRows(work),
    },
    {
      provide: NodeRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new NodeRows(work),
    },
    {
      provide: OutboxRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new OutboxRows(work),
    },
    {
      provide: EpochRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new EpochRows(work),
    },
    {
      provide: SettlementRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new SettlementRows(work),
    },
    {
      provide: LaunchRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new LaunchRows(work),
    },
    {
      provide: VoidRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new VoidRows(work),
    },
    { provide: ActRows, inject: [UnitOfWork], useFactory: (work: UnitOfWork) => new ActRows(work) },
    {
      provide: RunSight,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new RunSight(work),
    },
    {
      provide: SessionRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new SessionRows(work),
    },
    {
      provide: TokenRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new TokenRows(work),
    },
    {
      provide: UserRows,
      inject: [UnitOfWork],
      useFactory: (work: UnitOfWork) => new UserRows(work),
    },
  ],
  exports: [
    UserRows,
    VoidRows,
    VoidSignal,
    TokenRows,
    SessionRows,
    RunSight,
    ActRows,
    Claims,
    DatabasePool,
    EpochRows,
    EventFeed,
    LaunchRows,
    Leader,
    NodeRows,
    OutboxRows,
    OutboxSignal,
    PgRoundJournal,
    FigureRows,
    RoundRows,
    RunRows,
    SettlementRows,
  ],
})
export class PersistenceModule {
  constructor(readiness: Readiness, source: DataSource) {
    readiness.probe('database', () => assertSchema(source));
  }
}
