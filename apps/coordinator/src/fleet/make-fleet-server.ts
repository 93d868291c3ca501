import { type Heartbeats, LIMITS } from '@tallystick/protocol';
import type { SessionTokens } from '../auth/session-tokens.js';
import type { Deployment } from '../deployment.js';
import type { Leader } from '../leader.js';
import type { Members } from '../registry/members.js';
import type { NodeDirectory } from '../registry/node-directory.js';
import type { Evaluations } from '../rounds/evaluations.js';
import type { RoundDirectory } from '../rounds/round-directory.js';
import { Door } from '../http/door.js';
import { Admission } from './admission.js';
import { FleetMetrics } from './fleet-metrics.js';
import { FleetServer, type FleetServerDeps } from './fleet-server.js';
import { Greeter } from './greeter.js';
import type { NodeSessionDeps } from './node-session.js';
import type { Sessions } from './sessions.js';
import { UploadSlots } from './upload-slots.js';

/** What other rooms give the fleet. */
export interface FleetParts {
  readonly sessions: Sessions;
  readonly tokens: SessionTokens;
  readonly members: Members;
  readonly nodes: NodeDirectory;
  readonly runs: RoundDirectory;
  readonly evaluations: Evaluations;
  readonly leader: Leader;
}

/** Puts the fleet together from the parts of this process. */
export async function makeFleetServer(
  deployment: Deployment,
  parts: FleetParts,
): Promise<FleetServer> {
  const { clock, logger, signer, entropy, sha256, ed25519 } = deployment;
  const { sessions, tokens, members, leader } = parts;
  const metrics = new FleetMetrics(deployment.metrics);
  const chain = await deployment.ledger.genesis();
  // A node with work leaves a coordinator that is silent for two beats: not before its lease has run out.
  const beats = beatsOf(deployment.leaseMs);
  const proof = { signer, entropy, sha256, ed25519 };
  return new FleetServer({
    door: new Door(deployment),
    admission: new Admission(),
    sockets: deployment.sockets,
    refused: () => metrics.refused(),
    greeter: new Greeter({
      ...{ chain, beats, members, sessions: tokens },
      wasAdmitted: (node) => parts.nodes.wasAdmitted(node),
      isSuspended: (node) => parts.nodes.isSuspended(node),
      ...proof,
    }),
    sessions,
    session: sessionDeps(deployment, parts, metrics),
    ...comings(deployment, parts, metrics),
    refusal: () => leader.refusal(),
    beats,
    clock,
    logger,
  });
}

function sessionDeps(
  { spoolFolder, spooler, blobs, crash, clock, logger, trace }: Deployment,
  { runs, evaluations, nodes }: FleetParts,
  metrics: FleetMetrics,
): NodeSessionDeps {
  return {
    folder: spoolFolder,
    spooler,
    slots: new UploadSlots(),
    blobs,
    clock,
    crash,
    runs,
    evaluations,
    strikes: { add: (node, strike) => nodes.strike(node, strike) },
    metrics,
    logger,
    trace,
  };
}

/** What happens when a node comes and goes. */
function comings(
  { logger }: Deployment,
  { sessions, runs, nodes }: FleetParts,
  metrics: FleetMetrics,
): Pick<FleetServerDeps, 'joined' | 'lost' | 'left'> {
  return {
    joined: ({ node }) => {
      metrics.sessions(sessions.size);
      logger.info('fleet.joined', { node });
      runs.joined(node);
    },
    lost: (node) => {
      metrics.lost();
      logger.warn('fleet.node_lost', { ...node });
    },
    left: async ({ node }) => {
      metrics.sessions(sessions.size);
      logger.info('fleet.left', { node });
      await nodes.seen(node).catch((error: unknown) => {
        logger.warn('fleet.seen_failed', { node, reason: String(error) });
      });
    },
  };
}

function beatsOf(leaseMs: number): Heartbeats {
  const { heartbeatMs } = LIMITS;
  return { heartbeatMs, workHeartbeatMs: Math.min(LIMITS.workHeartbeatMs, Math.ceil(leaseMs / 3)) };
}
