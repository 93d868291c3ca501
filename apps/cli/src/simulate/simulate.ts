import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBlobStore } from '@tallystick/blobs';
import { InMemoryRoundLedger } from '@tallystick/chain';
import { InProcessFolderFactory } from '@tallystick/compute';
import { type Hash, type Logger, type RunId, TallyError } from '@tallystick/kernel';
import { ed25519, sha256, systemClock } from '@tallystick/kernel/node';
import type { Contrib, Header } from '@tallystick/record';
import {
  type AnchoredRun,
  contribOf,
  type ContributionRow,
  genesisModel,
  InMemoryJournal,
  RunLoop,
  type RunOutcome,
} from '@tallystick/rounds';
import type { RoundContents, RunSource } from '@tallystick/site';
import { InlineTrainer } from '@tallystick/training';
import type { Example } from '../federation/example.js';
import { InProcessLink } from './in-process-link.js';
import { rememberedEd25519 } from './remembered-ed25519.js';
import {
  openSite,
  type SimulatedSite,
  type SimulatedSiteDeps,
  simulatedKey,
} from './simulated-site.js';

/** What a simulated run left. */
export interface Simulation {
  readonly outcome: RunOutcome;
  readonly headers: readonly Header[];
  /** Share of its own test rows that each site's final evaluation got right. */
  readonly accuracyOf: ReadonlyMap<string, number>;
}

/**
 * Plays a run in this process: the same run loop, agents, receipts, folds and training as a federation of processes,
 * with a ledger in memory and no sockets. Model digests are equal to the distributed run's, round by round.
 */
export async function simulate(
  example: Example,
  deps: {
    readonly logger: Logger;
    readonly signal: AbortSignal;
    readonly onRound?: (h: Header) => void;
  },
): Promise<Simulation> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-simulate-'));
  const trainer = new InlineTrainer();
  try {
    return await play(example, { ...deps, folder, trainer });
  } finally {
    await trainer.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface PlayDeps {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onRound?: (header: Header) => void;
  readonly folder: string;
  readonly trainer: InlineTrainer;
}

async function play(example: Example, deps: PlayDeps): Promise<Simulation> {
  const { spec, specHash } = example;
  const ledger = new InMemoryRoundLedger({ sha256, ed25519 });
  const blobs = new MemoryBlobStore();
  const journal = new ReportingJournal(deps.onRound);
  const link = new InProcessLink({ ...deps, blobs });
  const genesis = genesisModel(sha256, spec, specHash);
  await blobs.put(genesis.bytes);
  const coordinator = simulatedKey('coordinator');
  const source = sourceOf(example, blobs, journal);
  const siteDeps = { ...deps, ledger, coordinator, source, ed25519: rememberedEd25519(ed25519) };
  const sites = await openSites(example, siteDeps);
  for (const site of sites) link.attach(site);
  const run = 0 as RunId;
  const chain = await ledger.genesis();
  const plan = { chain, run, spec, specHash, genesisModel: genesis.id };
  const folders = new InProcessFolderFactory({ blobs, sha256 });
  const loop = new RunLoop(plan, {
    journal,
    folders,
    ledger: { ...viewOf(ledger), anchored: () => Promise.resolve(journal.anchored()) },
    link,
    signer: coordinator,
    sha256,
    ed25519,
    clock: systemClock,
    logger: deps.logger,
  });
  link.loop = loop;
  const outcome = await loop.play(deps.signal);
  await link.idle();
  const accuracyOf = await evaluate(sites, outcome.model, deps.signal);
  for (const site of sites) await site.agent.close();
  return { outcome, headers: (await journal.load(run)).headers, accuracyOf };
}

async function openSites(
  example: Example,
  deps: Omit<SimulatedSiteDeps, 'cap'>,
): Promise<readonly SimulatedSite[]> {
  const cap = BigInt(Number.MAX_SAFE_INTEGER);
  const sites: SimulatedSite[] = [];
  for (const site of example.sites) sites.push(await openSite(site, { ...deps, cap }));
  return sites;
}

/** Rounds whose contents a simulation keeps for sites that were not counted in them. */
const KEPT_CONTENTS = 64;

/** A journal that tells of each closed round and is its own chain: what is closed counts as anchored. */
class ReportingJournal extends InMemoryJournal {
  readonly #onRound: ((header: Header) => void) | undefined;
  #anchored: AnchoredRun | undefined;
  readonly #contents = new Map<number, RoundContents>();

  constructor(onRound: ((header: Header) => void) | undefined) {
    super();
    this.#onRound = onRound;
  }

  override async close(closed: Parameters<InMemoryJournal['close']>[0]): Promise<void> {
    await super.close(closed);
    const { round, modelAfter, stateAfter, atBlock } = closed.header;
    const { last } = await this.load(closed.run);
    this.#contents.set(round, { leaves: leavesOf(last), excluded: closed.exclusions });
    this.#contents.delete(round - KEPT_CONTENTS);
    this.#anchored = {
      nextRound: round + 1,
      head: closed.headerHash,
      model: modelAfter,
      state: stateAfter,
      lastAtBlock: atBlock,
      isHalted: false,
    };
    this.#onRound?.(closed.header);
  }

  /** Of a recent round; an older one seems to hold nothing. */
  contents(round: number): RoundContents {
    return this.#contents.get(round) ?? { leaves: [], excluded: [] };
  }

  anchored(): AnchoredRun | undefined {
    return this.#anchored;
  }
}

function leavesOf(rows: readonly ContributionRow[]): readonly Contrib[] {
  return rows
    .toSorted((a, b) => a.node - b.node)
    .map(({ receipt, receiptSignature: signature, weight }) =>
      contribOf(sha256, { receipt, signature, weight }),
    );
}

function viewOf(
  ledger: InMemoryRoundLedger,
): Pick<InMemoryRoundLedger, 'genesis' | 'finalized' | 'eligible' | 'consents' | 'committedIn'> {
  return {
    genesis: () => ledger.genesis(),
    finalized: () => ledger.finalized(),
    eligible: () => ledger.eligible(),
    committedIn: () => ledger.finalized(), // no round is committed here: any block is as good
    consents: (run) => ledger.consents(run),
  };
}

function sourceOf(example: Example, blobs: MemoryBlobStore, journal: ReportingJournal): RunSource {
  return {
    spec: (id: Hash) =>
      id === example.specHash
        ? Promise.resolve(example.canonical)
        : Promise.reject(new TallyError('STORE_BLOB_MISSING', { sha256: id })),
    model: (id) => blobs.get(id),
    state: (id) => blobs.get(id),
    headers: () => Promise.resolve([]),
    voids: () => Promise.resolve([]),
    contents: (_run, round) => Promise.resolve(journal.contents(round)),
  };
}

async function evaluate(
  sites: readonly SimulatedSite[],
  model: Hash,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const accuracies = new Map<string, number>();
  for (const { site, agent } of sites) {
    const { metrics } = await agent.evaluate(0 as RunId, model, signal);
    const accuracy = metrics['accuracy'];
    if (accuracy !== undefined) accuracies.set(site.name, Number(accuracy) / 1e9);
  }
  return accuracies;
}
