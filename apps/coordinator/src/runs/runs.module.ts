import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { WsNodeLink } from '../fleet/ws-node-link.js';
import { ModelsModule } from '../models/models.module.js';
import { EventFeed } from '../persistence/event-feed.js';
import { PgRoundJournal } from '../persistence/pg-round-journal.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RoundDirectory } from '../rounds/round-directory.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { EventStreams } from './event-streams.js';
import { Launcher } from './launcher.js';
import { RunService } from './run-service.js';
import { RunViews } from './run-views.js';
import { RunsController } from './runs.controller.js';

/** Clients see `TypeError: terminated` when the socket goes before the stream's last bytes. */
const STREAM_END_MS = 20;

/** Runs: launched by REST, played by the loops of libs/rounds, watched by server-sent events. */
@Module({
  imports: [FleetModule, ModelsModule, RegistryModule, RoundsModule],
  controllers: [RunsController],
  providers: [
    {
      provide: RunService,
      inject: [Deployment, RunRows, RoundDirectory, PgRoundJournal, WsNodeLink],
      useFactory: (
        deployment: Deployment,
        rows: RunRows,
        directory: RoundDirectory,
        journal: PgRoundJournal,
        link: WsNodeLink,
      ) => {
        const { folders, ledger, signer, sha256, ed25519, clock, logger, maxPlaying } = deployment;
        const ports = { folders, ledger, signer, sha256, ed25519, clock, logger };
        const gauge = deployment.metrics.gauge('tally_playing_runs', 'Runs that are played now.');
        return new RunService({ rows, directory, journal, link, gauge, maxPlaying, ...ports });
      },
    },
    {
      provide: Launcher,
      inject: [Deployment, RunRows],
      useFactory: ({ ledger, blobs, sha256 }: Deployment, rows: RunRows) =>
        new Launcher({ rows, ledger, blobs, sha256 }),
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
      provide: EventStreams,
      inject: [Deployment, RunRows, EventFeed],
      useFactory: ({ clock }: Deployment, rows: RunRows, feed: EventFeed) =>
        new EventStreams({ rows, feed, clock }),
    },
  ],
})
export class RunsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly service: RunService,
    private readonly streams: EventStreams,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.service.resume();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.service.drain();
    this.streams.complete();
    await sleep(STREAM_END_MS);
  }
}
