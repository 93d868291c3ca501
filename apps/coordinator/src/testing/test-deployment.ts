import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FsBlobStore } from '@tallystick/blobs';
import { InMemoryRoundLedger } from '@tallystick/chain';
import { WorkerFolderFactory } from '@tallystick/compute';
import { asAccountId, toHex } from '@tallystick/kernel';
import { ed25519, generateKey, sha256, systemClock, systemEntropy } from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { Metrics } from '@tallystick/telemetry';
import { NO_CRASH } from '../crash-points.js';
import { createApp } from '../create-app.js';
import type { Deployment } from '../deployment.js';
import { SPOOL_SHAPE } from '../fleet/spooler.js';
import { TestApi } from './test-api.js';

/** What outlives a coordinator process: folder, keys, database, chain. */
export interface TestHome {
  readonly folder: string;
  readonly logger: MemoryLogger;
  readonly ledger: InMemoryRoundLedger;
  /** Starts a coordinator over it. */
  start(changes?: Partial<Deployment>): Promise<RunningCoordinator>;
  remove(): Promise<void>;
}

export interface RunningCoordinator {
  readonly app: NestExpressApplication;
  readonly api: TestApi;
  readonly deployment: Deployment;
  stop(): Promise<void>;
}

/** A deployment over a real database, real sockets and workers, and a ledger in memory. */
export async function testHome(databaseUrl: string): Promise<TestHome> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-coordinator-'));
  const logger = new MemoryLogger();
  const ledger = new InMemoryRoundLedger({ sha256, ed25519 });
  const signer = generateKey();
  const treasury = asAccountId(generateKey().key);
  const partsOf = (address: { url: string }, changes: Partial<Deployment>): Deployment => {
    const blobs = new FsBlobStore({ folder: join(folder, 'blobs') });
    const folders = new WorkerFolderFactory({ blobs, workers: 1, spool: SPOOL_SHAPE });
    return {
      spoolFolder: join(folder, 'spool'),
      apiTokenFile: join(folder, 'api-token'),
      databaseUrl,
      chainUrl: 'ws://127.0.0.1:9',
      databasePoolSize: 8,
      sessionName: `tallystick-${toHex(systemEntropy.bytes(8))}`,
      leaseMs: 5_000,
      peers: [],
      nodeCap: 1_000n,
      maxPlaying: 8,
      sockets: { sessions: 1_000, connections: 2_000 },
      get publicUrl() {
        return address.url;
      },
      signer,
      treasury,
      ledger,
      blobs,
      folders,
      spooler: folders.spooler,
      sha256,
      ed25519,
      clock: systemClock,
      entropy: systemEntropy,
      logger,
      metrics: new Metrics(),
      crash: NO_CRASH,
      ...changes,
    };
  };
  const start = async (changes: Partial<Deployment> = {}): Promise<RunningCoordinator> => {
    const address = { url: '' };
    const deployment = partsOf(address, changes);
    const app = await createApp(deployment);
    await app.listen(0, '127.0.0.1');
    address.url = await app.getUrl();
    const token = (await readFile(deployment.apiTokenFile, 'utf8')).trim();
    const stop = async (): Promise<void> => {
      await app.close();
      await deployment.folders.close();
    };
    return { app, deployment, api: new TestApi(address.url, token), stop };
  };
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, logger, ledger, start, remove };
}

/** A run of three tiny rounds over two nodes. */
export const TEST_RUN = `
tallystick: 1
name: tiny
purpose: DUO:0000007
data:
  dataset: heart
  label: { column: num, above: 0 }
  split: { column: set }
  features: [ { column: age, scale: standard }, { column: sex } ]
model: { layers: [ { dense: { units: 1 } } ], loss: sigmoidCrossEntropy, init: zeros }
local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { fedAvg: {} }
rounds: 3
window: { count: { min: 2, max: 2 }, deadlineMs: 60000 }
`;
