import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InMemoryRoundLedger } from '@tallystick/chain';
import { asAccountId, fromHex, type Logger, type NodeId, utf8 } from '@tallystick/kernel';
import {
  ed25519,
  type NodeSigner,
  sha256,
  signerFromSeed,
  systemClock,
} from '@tallystick/kernel/node';
import { POP, signRecord } from '@tallystick/record';
import { datasetPath, ReceiptLog, type RunSource, saltSecret, SiteAgent } from '@tallystick/site';
import type { Trainer } from '@tallystick/training';
import type { ExampleSite } from '../federation/example.js';

/** Keys of a simulation are derived from its sites' names: nothing is at stake, and runs repeat. */
export function simulatedKey(name: string): NodeSigner {
  return signerFromSeed(fromHex(sha256(utf8(`tally simulate ${name}`))));
}

/** A real SiteAgent with its real receipt log, without a socket. */
export interface SimulatedSite {
  readonly site: ExampleSite;
  readonly node: NodeId;
  readonly agent: SiteAgent;
}

/** Registers `site` on the ledger in memory and opens its agent in `folder`. */
export async function openSite(
  site: ExampleSite,
  deps: {
    readonly folder: string;
    readonly ledger: InMemoryRoundLedger;
    readonly coordinator: NodeSigner;
    readonly trainer: Trainer;
    readonly source: RunSource;
    readonly logger: Logger;
    readonly cap: bigint;
  },
): Promise<SimulatedSite> {
  const { ledger, coordinator, trainer, source, logger } = deps;
  const signer = simulatedKey(site.name);
  const chain = await ledger.genesis();
  const owner = asAccountId(signer.key);
  const { signature } = signRecord(POP, { chain, owner, key: signer.key }, signer);
  const organisation = await ledger.registerOrganisation(owner);
  const registration = { owner, organisation, key: signer.key, proof: signature };
  const node = await ledger.completeRegistration(registration);
  await ledger.admitNode(node, deps.cap);
  const folder = join(deps.folder, site.name);
  await mkdir(folder, { recursive: true });
  const log = await ReceiptLog.open(join(folder, 'receipts.log'), { durable: false });
  const identity = { chain, node, keyEpoch: 0, coordinatorKey: coordinator.key };
  await log.append({ type: 'identity', ...identity, key: signer.key, organisation });
  const names = Object.keys(site.config.datasets);
  const datasets = Object.fromEntries(
    names.map((name) => [name, datasetPath(site.config, site.folder, name)]),
  );
  const agent = new SiteAgent(identity, {
    config: { ...site.config, datasets },
    folder,
    signer,
    log,
    trainer,
    source,
    sha256,
    ed25519,
    clock: systemClock,
    logger,
    secret: saltSecret(signer),
    durable: false,
  });
  return { site, node, agent };
}
