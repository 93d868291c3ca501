import type { FsBlobStore } from '@tallystick/blobs';
import type { RoundLedger } from '@tallystick/chain';
import type { WorkerFolderFactory } from '@tallystick/compute';
import type {
  AccountId,
  Clock,
  Ed25519,
  Entropy,
  Logger,
  Sha256,
  Signer,
} from '@tallystick/kernel';
import type { RoundTrace } from '@tallystick/rounds';
import type { Metrics } from '@tallystick/telemetry';
import type { OidcSettings } from './auth/oidc-provider.js';
import type { CrashPoints } from './crash-points.js';
import type { SocketLimits } from './fleet/socket-limits.js';
import type { Spooler } from './fleet/spooler.js';
import type { RestoredBackup } from './runs/after-restore.js';
import type { ServedCertificate } from './tls/served-certificate.js';

/**
 * What main.ts composes once, and tests compose for themselves. An abstract class, so that it is its own injection
 * token. Modules take single parts out of it for their factories; domain classes never see it.
 */
export abstract class Deployment {
  /** Folder of half-received updates. */
  abstract readonly spoolFolder: string;
  abstract readonly apiTokenFile: string;
  abstract readonly databaseUrl: string;
  abstract readonly databasePoolSize: number;
  /** Names the database sessions of this process, and of no other. */
  abstract readonly sessionName: string;
  /** How long a leader that no longer shows itself stays the leader. */
  abstract readonly leaseMs: number;
  /** Largest numExamples that counts of a node that joins. */
  abstract readonly nodeCap: bigint;
  /** Runs that play at once; others wait. */
  abstract readonly maxPlaying: number;
  abstract readonly sockets: SocketLimits;
  /** Base address that invites carry, and other coordinators show. */
  abstract readonly publicUrl: string;
  /** The certificate that is shown; undefined for plain HTTP. */
  abstract readonly tls?: ServedCertificate | undefined;
  /** A proxy in front ends TLS; what it says of a request is believed. */
  abstract readonly isBehindProxy?: boolean | undefined;
  /** Base addresses of the other coordinators of this database. */
  abstract readonly peers: readonly string[];
  /** The identity provider, when there is one. */
  abstract readonly oidc?: OidcSettings | undefined;
  /** What a restore left behind, until the first leader has acted on it. */
  abstract readonly restored?: RestoredBackup | undefined;
  /** The coordinator key: signs tasks, promises and headers. */
  abstract readonly signer: Signer;
  /** Payout account of organisations that have not named one. */
  abstract readonly treasury: AccountId;
  abstract readonly ledger: RoundLedger;
  /** RPC of the same chain, for what is only passed on. */
  abstract readonly chainUrl: string;
  abstract readonly blobs: FsBlobStore;
  abstract readonly folders: WorkerFolderFactory;
  abstract readonly spooler: Spooler;
  abstract readonly sha256: Sha256;
  abstract readonly ed25519: Ed25519;
  abstract readonly clock: Clock;
  abstract readonly entropy: Entropy;
  abstract readonly logger: Logger;
  abstract readonly metrics: Metrics;
  /** Watches the steps of every round. */
  abstract readonly trace?: RoundTrace | undefined;
  abstract readonly crash: CrashPoints;
  /** False, for measurements alone: closed rounds wait and are not carried to the chain. */
  abstract readonly isAnchoring?: boolean;
}
