import { join } from 'node:path';
import {
  type Clock,
  type Ed25519,
  type Entropy,
  type Hash,
  isTallyError,
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
  followKey,
  Intake,
  isRotationNoted,
  loadNodeKey,
  loadSiteConfig,
  type ProxyRule,
  ReceiptLog,
  saltSecret,
  SiteAgent,
  type SiteAgentDeps,
  TaskJournal,
} from '@tallystick/site';
import type { Trainer } from '@tallystick/training';
import { HttpSource } from './http-source.js';
import { BackOff } from './link/back-off.js';
import { FleetLink } from './link/fleet-link.js';
import type { Welcome } from './link/handshake.js';
import { JobDesk } from './link/job-desk.js';
import { LinkState } from './link/link-state.js';
import { DatasetShapes } from './page/dataset-shapes.js';
import { LogTail } from './page/log-tail.js';
import type { SiteParts } from './page/site-parts.js';
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
  /** What the page of this site shows and does. */
  readonly parts: SiteParts;
  readonly #chain: SiteChain | undefined;
  readonly #site: Pick<Site, 'folder' | 'log'> & Pick<ClientNodeDeps, 'clock' | 'logger'>;

  private constructor(site: Site, deps: ClientNodeDeps) {
    const { folder, config, signer, log, journal, intake, tail: logger } = site;
    const { clock, sha256, ed25519, entropy, trainer, proxy, trace } = deps;
    this.#site = { folder, clock, log, logger };
    const identity = identityOf(site);
    let token: string | undefined;
    const urls = coordinatorUrls(config);
    const way = { pins: coordinatorPins(config), proxy };
    const fetch = fetchByWay(way, clock);
    const apiOf = (url: string): CoordinatorApi =>
      new CoordinatorApi({ url, token: () => token, fetch, clock });
    let api = apiOf(urls[0]);
    const state = new LinkState(clock);
    const backOff = (): BackOff => new BackOff(entropy);
    this.#chain = chainOf(site, identity.chain, deps);
    const agent = new SiteAgent(identity, {
      ...{ config, folder, signer, log, trainer, trace, sha256, ed25519, clock, logger, intake },
      source: new HttpSource({ api: () => api, clock, backOff }),
      secret: saltSecret(signer),
      ...courtOf(site, this.#chain),
      onProgress: (progress) => link.progress(progress),
      onTask: (change) => journal.take(change),
    });
    const desk = new JobDesk({ agent, clock, logger, backOff });
    const link = new FleetLink(urls, {
      handshake: { identity, signer, sha256, ed25519, entropy, software: deps.software },
      ...{ backOff: backOff(), way, agent, desk, sha256, clock, logger },
      onWelcome: (welcome, url) => {
        token = welcome.sessionToken;
        api = apiOf(url);
        state.connected(url);
        deps.onWelcome(welcome);
      },
      onLost: (error) => state.lost(error),
    });
    this.#agent = agent;
    this.#desk = desk;
    this.#link = link;
    this.parts = partsOf(site, deps, { chain: this.#chain, api: () => api, link: () => state.now });
  }

  /** Opens the folder that `tally node join` made; takes its lock until `close`. */
  static async open(folder: string, deps: ClientNodeDeps): Promise<ClientNode> {
    const { clock } = deps;
    const config = await loadSiteConfig(folder);
    const tail = new LogTail(deps.logger, clock);
    const intake = await Intake.open(folder, clock);
    const log = await ReceiptLog.open(join(folder, 'receipts.log'));
    try {
      const { droppedBytes } = log;
      if (droppedBytes > 0) tail.warn('log.torn_tail', { droppedBytes });
      if (await adoptRotation(folder, log)) {
        tail.info('node.key_rotated', { keyEpoch: log.identity?.keyEpoch ?? 0 });
      }
      const signer = await loadNodeKey(folder);
      const journal = await TaskJournal.open(join(folder, 'tasks.log'), { clock, logger: tail });
      return new ClientNode({ folder, config, signer, log, journal, intake, tail }, deps);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /**
   * Takes part until `signal` aborts, or until a key has changed: the site's own, with no work in hand, or the coordinator's,
   * which the chain says took the pinned one's place. Then the folder has to be opened again. See `FleetLink.run`.
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'key changed'> {
    const turn = new AbortController();
    const aborts = linkAborts(signal, turn.signal);
    try {
      const rotated = this.#untilRotated(aborts.signal).finally(() => turn.abort());
      await this.#link.run(aborts.signal);
      return (await rotated) ? 'key changed' : 'stopped';
    } catch (error) {
      if (!isTallyError(error, 'AUTH_COORDINATOR_KEY') || this.#chain === undefined) throw error;
      await this.#follow(this.#chain);
      return 'key changed';
    } finally {
      turn.abort();
      aborts.release();
    }
  }

  /** Puts into the log which coordinator key took the pinned one's place. Rejects when the chain knows of none. */
  async #follow(chain: SiteChain): Promise<void> {
    const { log, logger } = this.#site;
    const pinned = log.identity?.coordinatorKey;
    const identity = await followKey(log, chain);
    await log.append(identity);
    const { coordinatorKey } = identity;
    logger.warn('coordinator.key_followed', { pinned, coordinatorKey });
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
    await this.parts.journal.close();
  }
}

/** What the page is given: the node key is not among it. */
function partsOf(
  site: Site,
  { clock, entropy }: ClientNodeDeps,
  live: Pick<SiteParts, 'chain' | 'api' | 'link'>,
): SiteParts {
  const { folder, config, signer, journal, intake, tail } = site;
  return {
    ...{ folder, config, journal, intake, clock, entropy, ...live },
    identity: identityOf(site),
    nodeKey: signer.key,
    shapes: new DatasetShapes(config, folder),
    log: tail,
    logger: tail,
    startedAtMs: clock.nowMs(),
  };
}

interface Site {
  readonly folder: string;
  readonly config: Awaited<ReturnType<typeof loadSiteConfig>>;
  readonly signer: Awaited<ReturnType<typeof loadNodeKey>>;
  readonly log: ReceiptLog;
  readonly journal: TaskJournal;
  readonly intake: Intake;
  /** Where everything is logged. */
  readonly tail: LogTail;
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
  { folder, config, signer, tail: logger }: Site,
  genesis: Hash,
  { clock }: ClientNodeDeps,
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
