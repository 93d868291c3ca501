import type { Server } from 'node:http';
import {
  type BeforeApplicationShutdown,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import type { Timer } from '@tallystick/kernel';
import { SessionTokens } from '../auth/session-tokens.js';
import { Deployment } from '../deployment.js';
import { Leader } from '../leader.js';
import { Members } from '../registry/members.js';
import { NodeDirectory } from '../registry/node-directory.js';
import { RegistryModule } from '../registry/registry.module.js';
import { Evaluations } from '../rounds/evaluations.js';
import { OpenRounds } from '../rounds/open-rounds.js';
import { RoundDirectory } from '../rounds/round-directory.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { Evictions } from './evictions.js';
import { FleetServer } from './fleet-server.js';
import { makeFleetServer } from './make-fleet-server.js';
import { NodeChangesController } from './node-changes.controller.js';
import { NodesController } from './nodes.controller.js';
import { Sessions } from './sessions.js';
import { sweepSpool } from './spool-folder.js';
import { WsNodeLink } from './ws-node-link.js';

/** Half-received updates of closed rounds are removed this often. */
const SWEEP_MS = 600_000;

/** The nodes' sockets, and the way of the run loops to them. */
@Module({
  imports: [RegistryModule, RoundsModule],
  controllers: [NodesController, NodeChangesController],
  providers: [
    Sessions,
    {
      provide: WsNodeLink,
      inject: [Sessions, Deployment],
      useFactory: (sessions: Sessions, { logger }: Deployment) => new WsNodeLink(sessions, logger),
    },
    {
      provide: Evictions,
      inject: [Deployment, Sessions, SessionTokens, Members],
      useFactory: (
        { clock }: Deployment,
        sessions: Sessions,
        tokens: SessionTokens,
        members: Members,
      ) => new Evictions({ sessions, tokens, members, clock }),
    },
    {
      provide: FleetServer,
      inject: [
        Deployment,
        Sessions,
        SessionTokens,
        Members,
        NodeDirectory,
        RoundDirectory,
        Evaluations,
        Leader,
      ],
      useFactory: (
        deployment: Deployment,
        sessions: Sessions,
        tokens: SessionTokens,
        members: Members,
        nodes: NodeDirectory,
        runs: RoundDirectory,
        evaluations: Evaluations,
        leader: Leader,
      ) => {
        const parts = { sessions, tokens, members, nodes, runs, evaluations, leader };
        return makeFleetServer(deployment, parts);
      },
    },
  ],
  exports: [FleetServer, Sessions, WsNodeLink],
})
export class FleetModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #sweep: Timer | undefined;

  constructor(
    private readonly deployment: Deployment,
    private readonly openRounds: OpenRounds,
    private readonly server: FleetServer,
    private readonly evictions: Evictions,
    private readonly host: HttpAdapterHost<AbstractHttpAdapter<Server>>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.#sweepSpool();
    this.server.attach(this.host.httpAdapter.getHttpServer());
    this.evictions.start();
  }

  beforeApplicationShutdown(): void {
    this.#sweep?.cancel();
    this.evictions.stop();
  }

  async #sweepSpool(): Promise<void> {
    const { spoolFolder, clock, logger } = this.deployment;
    try {
      const removed = await sweepSpool(spoolFolder, () => this.openRounds.names());
      if (removed > 0) logger.info('fleet.spool_swept', { files: removed });
    } catch (error) {
      logger.warn('fleet.sweep_failed', { reason: String(error) });
    }
    this.#sweep = clock.after(SWEEP_MS, () => void this.#sweepSpool());
  }
}
