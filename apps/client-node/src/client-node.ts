import { join } from 'node:path';
import {
  type Clock,
  type Ed25519,
  type Entropy,
  type Hash,
  type Logger,
  type Sha256,
  sleep,
  TallyError,
} from '@tallystick/kernel';
import { linkAborts } from '@tallystick/kernel/node';
import {
  adoptRotation,
  CoordinatorApi,
  coordinatorPins,
  coordinatorUrls,
  fetchByWay,
  isRotationNoted,
  loadNodeKey,
  loadSiteConfig,
  type ProxyRule,
  ReceiptLog,
  saltSecret,
  SiteAgent,
  type SiteAgentDeps,
} from '@tallystick/site';
import type { Trainer } from '@tallystick/training';
import { HttpSource } from './http-source.js';
import { BackOff } from './link/back-off.js';
import { FleetLink } from './link/fleet-link.js';
import type { Welcome } from './link/handshake.js';
import { JobDesk } from './link/job-desk.js';
import { SiteChain } from './site-chain.js';

/** How soon a node goes over to a new key. */
const ROTATION_LOOK_MS = 1_000;

export interface ClientNodeDeps {
  readonly trainer: Trainer;
  /** Watches the training of each task. */
  readonly trace?: SiteAgentDeps['trace'];
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  /** The proxy to the coordinator, if any. */
  readonly proxy: ProxyRule;
  /** Name and version, for the operator's eyes. */
  readonly software: string;
  /** Every session begins with it. */
  readonly onWelcome: (welcome: Welcome) => void;
}

/** A site with its socket: folder → keys, log, agent, link. */
export class ClientNode {
  readonly #link: FleetLink;
  readonly #desk: JobDesk;
  readonly #agent: SiteAgent;
  readonly #chain: SiteChain | undefined;
  readonly #site: { readonly folder: string; readonly clock: Clock };

  private constructor(parts: {
    site: { readonly folder: string; readonly clock: Clock };
    link: FleetLink;
    desk: JobDesk;
    agent: SiteAgent;
    chain: SiteChain | undefined;
  }) {
    this.#link = parts.link;
    this.#desk = parts.desk;
    this.#agent = parts.agent;
    this.#chain = parts.chain;
    this.#site = parts.site;
  }

  /** Opens the folder that `tally node join` made; takes its lock until `close`. */
  static async open(folder: string, deps: ClientNodeDeps): Promise<ClientNode> {
    const config = await loadSiteConfig(folder);
    const log = await ReceiptLog.open(join(folder, 'receipts.log'));
    try {
      const { droppedBytes } = log;
      if (droppedBytes > 0) deps.logger.warn('log.torn_tail', { droppedBytes });
      if (await adoptRotation(folder, log)) {
        deps.logger.info('node.key_rotated', { keyEpoch: log.identity?.keyEpoch ?? 0 });
      }
      const signer = await loadNodeKey(folder);
      return ClientNode.#assemble({ folder, config, signer, log }, deps);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  static #assemble(site: Site, deps: ClientNodeDeps): ClientNode {
    const { folder, config, signer, log } = site;
    const { clock, logger, sha256, ed25519, entropy, trainer, trace, proxy } = deps;
    const identity = identityOf(site);
    let token: string | undefined;
    const urls = coordinatorUrls(config);
    const way = { pins: coordinatorPins(config), proxy };
    const fetch = fetchByWay(way, clock);
    const apiOf = (url: string): CoordinatorApi =>
      new CoordinatorApi({ url, token: () => token, fetch, clock });
    let api = apiOf(urls[0]);
    const chain = chainOf(site, identity.chain, deps);
    const agent = new SiteAgent(identity, {
      ...{ config, folder, signer, log, trainer, trace, sha256, ed25519, clock, logger },
      source: new HttpSource({ api: () => api, clock, backOff: () => new BackOff(entropy) }),
      secret: saltSecret(signer),
      ...courtOf(site, chain),
      onProgress: (progress) => link.progress(progress),
    });
    const desk = new JobDesk({ agent, clock, logger, backOff: () => new BackOff(entropy) });
    const link = new FleetLink(urls, {
      handshake: { identity, signer, sha256, ed25519, entropy, software: deps.software },
      backOff: new BackOff(entropy),
      way,
      agent,
      desk,
      sha256,
      clock,
      logger,
      onWelcome: (welcome, url) => {
        token = welcome.sessionToken;
        api = apiOf(url);
        deps.onWelcome(welcome);
      },
    });
    return new ClientNode({ site: { folder, clock }, link, desk, agent, chain });
  }

  /**
   * Takes part until `signal` aborts, or until the site has a new key and no work in hand: then it wants to be opened again.
   * See `FleetLink.run`.
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'key rotated'> {
    const turn = new AbortController();
    const aborts = linkAborts(signal, turn.signal);
    try {
      const rotated = this.#untilRotated(aborts.signal).finally(() => turn.abort());
      await this.#link.run(aborts.signal);
      return (await rotated) ? 'key rotated' : 'stopped';
    } finally {
      turn.abort();
      aborts.release();
    }
  }

  /** False when `signal` aborts first. A task in hand is finished with the key that it began with. */
  async #untilRotated(signal: AbortSignal): Promise<boolean> {
    const { folder, clock } = this.#site;
    while (!signal.aborted) {
      await sleep(clock, ROTATION_LOOK_MS, signal);
      const isNoted = !signal.aborted && (await isRotationNoted(folder));
      if (isNoted && !this.#desk.isWorking) return !signal.aborted;
    }
    return false;
  }

  /** Stops work, ends the training process and gives up the folder. */
  async close(): Promise<void> {
    await this.#desk.stop();
    await this.#agent.close();
    await this.#chain?.close();
  }
}

interface Site {
  readonly folder: string;
  readonly config: Awaited<ReturnType<typeof loadSiteConfig>>;
  readonly signer: Awaited<ReturnType<typeof loadNodeKey>>;
  readonly log: ReceiptLog;
}

/** What the agent is given of the chain. */
function courtOf(
  { config }: Site,
  chain: SiteChain | undefined,
): Pick<SiteAgentDeps, 'chain' | 'onEvidence'> {
  if (chain === undefined) return {};
  if (config.policy.onFault !== 'dispute') return { chain };
  return { chain, onEvidence: (file, path) => chain.dispute(file, path) };
}

/** Undefined when node.yaml names no chain; a site that wants to dispute needs one. */
function chainOf(
  { folder, config, signer }: Site,
  genesis: Hash,
  { clock, logger }: ClientNodeDeps,
): SiteChain | undefined {
  const { chain: url, policy } = config;
  if (url !== undefined) {
    return new SiteChain({ url, genesis, folder, nodeKey: signer, clock, logger });
  }
  if (policy.onFault === 'dispute') {
    const detail = '`policy.onFault: dispute` needs `chain` in node.yaml: where to file a fault';
    throw new TallyError('USAGE_INVALID', { detail });
  }
  logger.info('chain.unchecked', { reason: 'node.yaml names no chain' });
  return undefined;
}

function identityOf({ folder, signer, log }: Site): NonNullable<ReceiptLog['identity']> {
  const { identity } = log;
  if (identity === undefined) {
    throw new TallyError('USAGE_INVALID', {
      detail: `${folder} has not joined: \`tally node join\``,
    });
  }
  if (identity.key !== signer.key) {
    const detail = `${folder}/node.key is ${signer.key}, its receipts.log is of key ${identity.key}`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
  return identity;
}
