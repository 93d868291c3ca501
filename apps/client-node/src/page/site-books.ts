import {
  type AccountId,
  asAccountId,
  asNodeId,
  asRunId,
  isTallyError,
  type RunId,
} from '@tallystick/kernel';
import {
  RewardList,
  type SiteConsent,
  type SiteConsentList,
  type SiteDatasetList,
  type SiteEarning,
  type SiteEarningList,
  type SiteEvidence,
  type SiteTask,
  type SiteView,
} from '@tallystick/protocol';
import type { Consent } from '@tallystick/rounds';
import {
  coordinatorUrls,
  EvidenceFolder,
  explainEvidence,
  loadOwnerKey,
  type OwnConsent,
  readOwnConsents,
} from '@tallystick/site';
import { join } from 'node:path';
import type { SiteParts } from './site-parts.js';

/** Runs that consents and earnings are shown of: the newest. */
const MAX_RUNS = 64;
/** Faults that are shown; all of them lie in the folder. */
const MAX_FAULTS = 100;

/** What the page reads: everything that the site keeps, and what it can ask for. */
export class SiteBooks {
  readonly #site: SiteParts;
  readonly #evidence: EvidenceFolder;

  constructor(site: SiteParts) {
    this.#site = site;
    this.#evidence = new EvidenceFolder(join(site.folder, 'evidence'));
  }

  async site(): Promise<SiteView> {
    const { config, identity, nodeKey, intake, link, startedAtMs } = this.#site;
    return {
      node: identity.node,
      name: config.name,
      organisation: config.organisation,
      nodeKey,
      chain: identity.chain,
      coordinatorKey: identity.coordinatorKey,
      coordinators: [...coordinatorUrls(config)],
      startedAtMs,
      link: link(),
      intake: { state: intake.state, sinceMs: intake.sinceMs ?? null },
      policy: config.policy,
      retentionDays: config.retentionDays,
      chainUrl: config.chain ?? null,
      hasOwnerKey: (await this.#owner()) !== undefined,
    };
  }

  tasks(): readonly SiteTask[] {
    return this.#site.journal.tasks;
  }

  async datasets(): Promise<SiteDatasetList> {
    const { shapes } = this.#site;
    const datasets = shapes.names.map(async (name) => {
      const known = await shapes.shape(name);
      const shape = known !== undefined && 'shape' in known ? known.shape : undefined;
      return {
        name,
        file: shapes.path(name),
        bytes: shape?.bytes ?? null,
        rows: shape?.rows ?? null,
        columns: [...(shape?.columns ?? [])],
        columnCount: shape?.columnCount ?? 0,
        labels: this.#labelsOf(name),
        fault: known !== undefined && 'fault' in known ? known.fault : null,
      };
    });
    return { datasets: await Promise.all(datasets) };
  }

  async consents(): Promise<SiteConsentList> {
    const { folder, identity, chain } = this.#site;
    const own = await readOwnConsents(folder);
    const runs = this.#runs(own.map(({ run }) => asRunId(run)));
    let fault =
      chain === undefined
        ? 'node.yaml names no chain, so only this site’s own word is shown'
        : null;
    const ask = async (run: RunId): Promise<Consent | undefined> => {
      try {
        return fault === null ? await chain?.consent(run, asNodeId(identity.node)) : undefined;
      } catch (error) {
        fault = messageOf(error);
        return undefined;
      }
    };
    const consents: SiteConsent[] = [];
    for (const run of runs) {
      const ofRun = own.findLast((consent) => consent.run === run);
      const onChain = await ask(run);
      consents.push({
        run,
        name: this.#askOf(run)?.name ?? null,
        isNeeded: this.#askOf(run)?.needsConsent ?? null,
        own: ofRun === undefined ? null : termsOf(ofRun),
        onChain: onChain === undefined ? null : termsOf(onChain),
      });
    }
    return { fault, consents };
  }

  async evidence(): Promise<SiteEvidence> {
    const tasks = this.tasks();
    const { files, count } = await this.#evidence.newest(MAX_FAULTS);
    const count_ = (...states: readonly SiteTask['state'][]): number =>
      tasks.filter(({ state }) => states.includes(state)).length;
    return {
      counts: {
        receipts: tasks.filter(({ sent }) => sent !== null).length,
        promises: count_('promised', 'counted', 'uncounted'),
        counted: count_('counted'),
        declines: count_('declined'),
      },
      faults: files.map(({ name, file }) => ({
        file: name,
        run: asRunId(file.run),
        round: file.round,
        kind: file.kind,
        sentences: [...explainEvidence(file)],
      })),
      faultCount: count,
    };
  }

  /** As the coordinator says it; `tally rewards preview` computes it again from what is signed. */
  async earnings(signal: AbortSignal): Promise<SiteEarningList> {
    const { accounts, fault } = await this.#accounts();
    const earnings: SiteEarning[] = [];
    for (const run of this.#runs([])) {
      try {
        const path = `runs/${run}/rewards`;
        const { rewards } = await this.#site.api().get(RewardList, path, signal);
        const name = this.#askOf(run)?.name ?? null;
        for (const { account, entitled, paid, due } of rewards) {
          if (accounts.includes(account))
            earnings.push({ run, name, account, entitled, paid, due });
        }
      } catch (error) {
        if (isTallyError(error, 'USAGE_UNKNOWN_RUN')) continue;
        return { fault: messageOf(error), accounts: [...accounts], earnings };
      }
    }
    return { fault, accounts: [...accounts], earnings };
  }

  async #accounts(): Promise<{
    readonly accounts: readonly AccountId[];
    readonly fault: string | null;
  }> {
    const { chain, identity } = this.#site;
    const owner = await this.#owner();
    const own = owner === undefined ? [] : [owner];
    if (chain === undefined) {
      const fault =
        'node.yaml names no chain: which account the organisation is paid on is not known here';
      return { accounts: own, fault };
    }
    try {
      const payee = await chain.payee(asNodeId(identity.node));
      return {
        accounts: [...new Set([...own, ...(payee === undefined ? [] : [payee])])],
        fault: null,
      };
    } catch (error) {
      return { accounts: own, fault: messageOf(error) };
    }
  }

  async #owner(): Promise<AccountId | undefined> {
    const key = await loadOwnerKey(this.#site.folder).catch(() => undefined);
    return key === undefined ? undefined : asAccountId(key.key);
  }

  #labelsOf(dataset: string): string[] {
    const labels = this.tasks().flatMap(({ ask }) => (ask?.dataset === dataset ? [ask.label] : []));
    return [...new Set(labels)].slice(0, 8);
  }

  #askOf(run: RunId): SiteTask['ask'] | undefined {
    return this.tasks().find((task) => task.run === run && task.ask !== null)?.ask;
  }

  /** Newest first. */
  #runs(others: readonly RunId[]): readonly RunId[] {
    const all = new Set([...this.tasks().map(({ run }) => run), ...others]);
    return [...all].toSorted((a, b) => b - a).slice(0, MAX_RUNS);
  }
}

function termsOf({
  fromRound,
  untilRound,
  untilMs,
  purposes,
  fromBlock,
  revokedAtBlock,
}: OwnConsent | Consent) {
  const ends = { untilRound, untilMs: Number(untilMs) };
  const blocks = { fromBlock, revokedAtBlock: revokedAtBlock ?? null };
  return { fromRound, ...ends, purposes: [...purposes], ...blocks };
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 2_000);
}
