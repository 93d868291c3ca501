import type { SessionTokens } from '../auth/session-tokens.js';
import type { Deployment } from '../deployment.js';
import type { NodeRows } from '../persistence/node-rows.js';
import type { Members } from '../registry/members.js';
import type { Evaluations } from '../rounds/evaluations.js';
import type { RoundDirectory } from '../rounds/round-directory.js';
import { Admission } from './admission.js';
import { FleetMetrics } from './fleet-metrics.js';
import { FleetServer } from './fleet-server.js';
import { Greeter } from './greeter.js';
import type { NodeSessionDeps } from './node-session.js';
import type { Sessions } from './sessions.js';
import { UploadSlots } from './upload-slots.js';

/** Puts the fleet together from the parts of this process; the argument order is the module's `inject`. */
export async function makeFleetServer(
  deployment: Deployment,
  sessions: Sessions,
  tokens: SessionTokens,
  members: Members,
  directory: RoundDirectory,
  evaluations: Evaluations,
  rows: NodeRows,
): Promise<FleetServer> {
  const { clock, logger, folders, blobs, crash, signer, entropy, sha256, ed25519 } = deployment;
  const chain = await deployment.ledger.genesis();
  const metrics = new FleetMetrics(deployment.metrics);
  const session: NodeSessionDeps = {
    folder: deployment.spoolFolder,
    hashes: folders,
    slots: new UploadSlots(),
    blobs,
    clock,
    crash,
    runs: directory,
    evaluations,
    strikes: { add: (node, at) => rows.strike(node, at) },
    metrics,
    logger,
  };
  return new FleetServer({
    admission: new Admission(),
    greeter: new Greeter({ chain, signer, members, sessions: tokens, entropy, sha256, ed25519 }),
    sessions,
    session,
    joined: ({ node }) => {
      metrics.sessions(sessions.size);
      logger.info('fleet.joined', { node });
      directory.joined(node);
    },
    left: ({ node }) => {
      metrics.sessions(sessions.size);
      logger.info('fleet.left', { node });
      rows.seen(node).catch((error: unknown) => {
        logger.warn('fleet.seen_failed', { node, reason: String(error) });
      });
    },
    clock,
    logger,
  });
}
