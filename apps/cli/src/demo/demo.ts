import { join } from 'node:path';
import { asRunId, type Hash, type Logger, type RunId, TallyError } from '@tallystick/kernel';
import type { ConsoleOutput } from '../console-output.js';
import { Deployment, type ProcessInfo } from '../deployment/deployment.js';
import { type Comparison, compare } from '../federation/comparison.js';
import type { Example } from '../federation/example.js';
import { exportRun } from '../federation/export-run.js';
import { type EnrolledSite, enrolSite } from './enrol-site.js';
import { RoundTicker } from './round-ticker.js';
import { runAudit } from './run-audit.js';
import { sayChain } from './say-chain.js';
import { allRounds, finalEvaluations, waitAnchored, watchRun } from './watch-run.js';

/** The demo's pot: so that the hold on the chain is exercised. */
const POT = 1_000n;

export interface DemoOptions {
  readonly example: Example;
  readonly data: string;
  readonly port: number;
  readonly chainPort: number;
  readonly chainUrl?: string;
  readonly exportFolder?: string;
  readonly output: ConsoleOutput;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The value that `tally demo --json` prints. */
export interface DemoResult extends Comparison {
  readonly verdict: string;
  readonly exitCode: number;
  readonly rounds: number;
  readonly modelSha256: Hash;
  readonly roundModels: readonly Hash[];
  readonly chain: { readonly genesis: Hash; readonly head: Hash | null };
  readonly anchors: unknown;
  readonly processes: readonly ProcessInfo[];
  readonly bundle: string;
  readonly run: RunId;
}

/** The whole of Tallystick once, with real processes: federation, training, chain, evidence, verdict. */
export class Demo {
  readonly #options: DemoOptions;
  #deployment: Deployment | undefined;

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** Where things listen, once started. */
  get deployment(): Deployment {
    if (this.#deployment === undefined) throw new RangeError('the demo was not started');
    return this.#deployment;
  }

  async play(): Promise<DemoResult> {
    const { example, output, signal } = this.#options;
    output.say('starting PostgreSQL, a Substrate chain and the coordinator …');
    const deployment = await Deployment.start({ ...this.#options, durability: 'safe' });
    this.#deployment = deployment;
    const sites = await this.#enrolSites(deployment);
    output.say(
      `launching ${example.spec.name}: ${example.spec.rounds} rounds, ${sites.length} sites`,
    );
    const launched = await deployment.api.launch(example.text, POT);
    const run = asRunId(launched.run);
    const ticker = new RoundTicker(output, { rounds: example.spec.rounds, sites: sites.length });
    const onEvent = ticker.onEvent.bind(ticker);
    const gaveUp = deployment.failed().then((reason) => {
      throw new TallyError('ROUND_RUN_FAILED', { run, reason });
    });
    await Promise.race([watchRun(deployment.api, run, { signal, onEvent }), gaveUp]);
    return this.#conclude(deployment, run, sites);
  }

  /** Drains everything that was started. */
  async stop(): Promise<void> {
    await this.#deployment?.stop();
  }

  async #enrolSites(deployment: Deployment): Promise<readonly EnrolledSite[]> {
    const { example, data, output, signal } = this.#options;
    const sites: EnrolledSite[] = [];
    for (const site of example.sites) {
      const folder = join(data, 'nodes', site.name);
      const enrolled = await enrolSite(site, folder, { api: deployment.api, signal });
      output.say(`  ${site.name} is node ${enrolled.node}`);
      sites.push(enrolled);
    }
    await Promise.all(sites.map(({ name, folder }) => deployment.startNode(name, folder)));
    return sites;
  }

  async #conclude(
    deployment: Deployment,
    run: RunId,
    sites: readonly EnrolledSite[],
  ): Promise<DemoResult> {
    const { example, output } = this.#options;
    const { api, chainUrl, chainSpecFile } = deployment;
    const view = await waitAnchored(api, run);
    if (view.status !== 'completed') {
      throw new TallyError('ROUND_RUN_FAILED', { run, reason: view.reason ?? view.status });
    }
    const rounds = await allRounds(api, run);
    sayChain(output, rounds);
    const evaluations = await finalEvaluations(api, run, rounds.length - 1, example.sites.length);
    const bundle = this.#options.exportFolder ?? join(this.#options.data, 'evidence', `run-${run}`);
    const exported = await exportRun(run, bundle, { api, chainUrl, chainSpecFile });
    output.say(
      `evidence of ${exported.rounds} rounds exported to ${bundle}; verifying it in a process of its own …`,
    );
    const comparing = compare(example, accuracyOf(sites, evaluations));
    const { exitCode, report } = await runAudit(
      bundle,
      sites.map(({ folder }) => join(folder, 'receipts.log')),
    );
    const counted = rounds.filter(({ included }) => included > 0);
    return {
      verdict: report.verdict,
      exitCode,
      rounds: counted.length,
      ...(await comparing),
      modelSha256: view.model,
      roundModels: counted.map(({ modelAfter }) => modelAfter),
      chain: { genesis: deployment.genesis, head: report.head },
      anchors: report.anchors,
      processes: deployment.processes(),
      bundle,
      run,
    };
  }
}

/** Sites' own final measurements by name. */
function accuracyOf(
  sites: readonly EnrolledSite[],
  evaluations: readonly {
    readonly node: number;
    readonly metrics: Readonly<Record<string, number>>;
  }[],
): ReadonlyMap<string, number> {
  const accuracies = new Map<string, number>();
  for (const { name, node } of sites) {
    const evaluation = evaluations.find((found) => found.node === node);
    const accuracy = evaluation?.metrics['accuracy'];
    if (accuracy !== undefined) accuracies.set(name, accuracy / 1e9);
  }
  return accuracies;
}
