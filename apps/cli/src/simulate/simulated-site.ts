import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InMemoryRoundLedger } from '@tallystick/chain';
import {
  asAccountId,
  type Ed25519,
  fromHex,
  type Logger,
  type NodeId,
  type OrganisationId,
  utf8,
} from '@tallystick/kernel';
import { type NodeSigner, sha256, signerFromSeed, systemClock } from '@tallystick/kernel/node';
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

/** What a simulated site is opened with. */
export interface SimulatedSiteDeps {
  readonly folder: string;
  readonly ledger: InMemoryRoundLedger;
  readonly coordinator: NodeSigner;
  readonly ed25519: Ed25519;
  readonly trainer: Trainer;
  readonly source: RunSource;
  readonly logger: Logger;
  readonly cap: bigint;
}

/** Registers `site` on the ledger in memory and opens its agent in `folder`. */
export async function openSite(site: ExampleSite, deps: SimulatedSiteDeps): Promise<SimulatedSite> {
  const signer = simulatedKey(site.name);
  const { node, organisation } = await register(signer, deps);
  const folder = join(deps.folder, site.name);
  await mkdir(folder, { recursive: true });
  const log = await ReceiptLog.open(join(folder, 'receipts.log'), { durable: false });
  const chain = await deps.ledger.genesis();
  const identity = { chain, node, keyEpoch: 0, coordinatorKey: deps.coordinator.key };
  await log.append({ type: 'identity', ...identity, key: signer.key, organisation });
  const paths = Object.keys(site.config.datasets).map(
    (name) => [name, datasetPath(site.config, site.folder, name)] as const,
  );
  const agent = new SiteAgent(identity, {
    config: { ...site.config, datasets: Object.fromEntries(paths) },
    folder,
    signer,
    log,
    trainer: deps.trainer,
    source: deps.source,
    sha256,
    ed25519: deps.ed25519,
    clock: systemClock,
    logger: deps.logger,
    secret: saltSecret(signer),
    durable: false,
  });
  return { site, node, agent };
}

async function register(
  signer: NodeSigner,
  { ledger, cap }: SimulatedSiteDeps,
): Promise<{ readonly node: NodeId; readonly organisation: OrganisationId }> {
  const chain = await ledger.genesis();
  const owner = asAccountId(signer.key);
  const { signature } = signRecord(POP, { chain, owner, key: signer.key }, signer);
  const organisation = await ledger.registerOrganisation(owner);
  const registration = { owner, organisation, key: signer.key, proof: signature };
  const node = await ledger.completeRegistration(registration);
  await ledger.admitNode(node, cap);
  return { node, organisation };
}
