import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Module, type OnModuleInit } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { WsNodeLink } from '../fleet/ws-node-link.js';
import { Leader } from '../leader.js';
import { ModelsModule } from '../models/models.module.js';
import { Claims } from '../persistence/claims.js';
import { EventFeed } from '../persistence/event-feed.js';
import { FigureRows } from '../persistence/figure-rows.js';
import { ELECTED_LEASE, type Fence } from '../persistence/fence.js';
import { LaunchRows } from '../persistence/launch-rows.js';
import { NodeRows } from '../persistence/node-rows.js';
import { PgRoundJournal } from '../persistence/pg-round-journal.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { VoidSignal } from '../persistence/void-signal.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RoundDirectory } from '../rounds/round-directory.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { EventStreams } from './event-streams.js';
import { FigureViews } from './figure-views.js';
import { FiguresController } from './figures.controller.js';
import { Launcher } from './launcher.js';
import { OrphanRuns } from './orphan-runs.js';
import { AfterRestore } from './after-restore.js';
import { RunService } from './run-service.js';
import { RunViews } from './run-views.js';
import { RunsController } from './runs.controller.js';

/** Clients see `TypeError: terminated` when the socket goes before the stream's last bytes. */
const STREAM_END_MS = 20;

/** Runs: launched by REST, played by the loops of libs/rounds, watched by server-sent events. */
@Module({
  imports: [FleetModule, ModelsModule, RegistryModule, RoundsModule],
  controllers: [RunsController, FiguresController],
  providers: [
    {
      provide: RunService,
      inject: [
        Deployment,
        Leader,
        Claims,
        RunRows,
        LaunchRows,
        RoundDirectory,
        PgRoundJournal,
        WsNodeLink,
      ],
      useFactory: (
        deployment: Deployment,
        leader: Leader,
        claims: Claims,
        rows: RunRows,
        launches: LaunchRows,
        directory: RoundDirectory,
        journal: PgRoundJournal,
        link: WsNodeLink,
      ) => {
        const { folders, ledger, signer, sha256, ed25519, clock, logger, maxPlaying } = deployment;
        const { trace } = deployment;
        const ports = { folders, ledger, signer, sha256, ed25519, clock, logger, trace };
        const gauge = deployment.metrics.gauge('tally_playing_runs', 'Runs that are played now.');
        const onFenced = (): void => leader.doubt();
        const orphans = new OrphanRuns({ rows, launches, ledger, clock, logger });
        const own = {
          rows,
          orphans,
          directory,
          claims,
          journal,
          onFenced,
          link,
          gauge,
          maxPlaying,
        };
        return new RunService({ ...own, ...ports });
      },
    },
    {
      provide: AfterRestore,
      inject: [Deployment, RunRows, RoundRows, Claims],
      useFactory: (
        { restored, ledger, logger }: Deployment,
        runs: RunRows,
        rounds: RoundRows,
        claims: Claims,
      ) => new AfterRestore({ restored, runs, rounds, ledger, claims, logger }),
    },
    {
      provide: Launcher,
      inject: [Deployment, Leader, RunRows, LaunchRows],
      useFactory: (
        { ledger, blobs, sha256, crash }: Deployment,
        leader: Leader,
        rows: RunRows,
        launches: LaunchRows,
      ) => {
        const fence = (): Fence => ({ name: ELECTED_LEASE, epoch: leader.epoch });
        return new Launcher({ rows, launches, ledger, blobs, sha256, crash, fence });
      },
    },
    {
      provide: RunViews,
      inject: [RunRows, RoundRows, RoundDirectory, RunService],
      useFactory: (
        rows: RunRows,
        rounds: RoundRows,
        directory: RoundDirectory,
        queue: RunService,
      ) => new RunViews({ rows, rounds, directory, queue }),
    },
    {
      provide: FigureViews,
      inject: [FigureRows, NodeRows],
      useFactory: (figures: FigureRows, nodes: NodeRows) => new FigureViews({ figures, nodes }),
    },
    {
      provide: EventStreams,
      inject: [Deployment, Leader, RunRows, EventFeed],
      useFactory: ({ clock }: Deployment, leader: Leader, rows: RunRows, feed: EventFeed) =>
        new EventStreams({ rows, feed, isFed: () => leader.leads, clock }),
    },
  ],
  exports: [AfterRestore, RunService],
})
export class RunsModule implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    private readonly streams: EventStreams,
    private readonly voids: VoidSignal,
    private readonly runs: RunService,
  ) {}

  onModuleInit(): void {
    this.voids.listen((run) => this.runs.voided(run));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.streams.complete();
    await sleep(STREAM_END_MS);
  }
}
