import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunView } from './api-types.js';
import { Federation } from './federation.js';
import type { Running, Stage } from './stage.js';
import { until } from './until.js';

export type Which = 'first' | 'second';

const OTHER = { first: 'second', second: 'first' } as const;

/**
 * Two coordinators over one database, one chain and one blob folder. The first is under `tally up`, which starts it again
 * when it dies; the second has a data folder of its own, with the first one's keys, as docs/operations.md says.
 */
export class Pair {
  readonly federation: Federation;
  readonly #second: Running;
  readonly #urls: Readonly<Record<Which, string>>;

  private constructor(federation: Federation, second: Running, urls: Record<Which, string>) {
    this.federation = federation;
    this.#second = second;
    this.#urls = urls;
  }

  static async start(
    stage: Stage,
    ttlMs: number,
    env: Readonly<Record<string, string>>,
  ): Promise<Pair> {
    const lease = { TALLY_LEASE__TTL_MS: String(ttlMs) };
    const federation = await Federation.start(stage, { ...lease, ...env });
    const data = stage.path('second');
    await mkdir(data, { mode: 0o711 });
    for (const part of ['keys', 'api-token']) {
      await cp(join(federation.data, part), join(data, part), { recursive: true });
    }
    const second = stage.start('apps/coordinator/dist/main.js', [], {
      name: 'the second coordinator',
      env: {
        ...lease,
        TALLY_DATA: data,
        TALLY_PORT: '0',
        TALLY_BLOBS: join(federation.data, 'blobs'),
        TALLY_DATABASE__URL: await federation.databaseUrl(),
        TALLY_CHAIN__URL: federation.chainUrl,
      },
    });
    const { url } = await second.event<{ url: string }>('coordinator.listening');
    const urls = { first: federation.url, second: url };
    federation.addresses = `[${JSON.stringify(urls.first)}, ${JSON.stringify(urls.second)}]`;
    const pair = new Pair(federation, second, urls);
    await pair.leads('first');
    await pair.standsBy('second');
    return pair;
  }

  pidOf(which: Which): Promise<number> {
    return which === 'first'
      ? this.federation.pidOf('coordinator')
      : Promise.resolve(this.#second.pid);
  }

  /** Waits until it leads; requests go there from now on. */
  async leads(which: Which, timeoutMs?: number): Promise<void> {
    await until(`the ${which} leads`, () => this.#is(which, 200), timeoutMs);
    this.federation.url = this.#urls[which];
  }

  /** Waits until it is up and does not lead. */
  async standsBy(which: Which): Promise<void> {
    await until(`the ${which} stands by`, () => this.#is(which, 503));
  }

  /** Waits until the other one, which stood by, plays the run; requests go there from now on. */
  async playedBy(which: Which, run: number): Promise<RunView> {
    this.federation.url = this.#urls[which];
    return until(`the ${which} plays run ${run}`, async () => {
      const view = await this.federation.run(run);
      return view.current !== null || view.status === 'completed' ? view : undefined;
    });
  }

  other(which: Which): Which {
    return OTHER[which];
  }

  async stop(): Promise<number | null> {
    this.#second.child.kill('SIGTERM');
    await this.#second.ended;
    this.federation.url = this.#urls.first;
    return this.federation.stop();
  }

  async #is(which: Which, status: number): Promise<true | undefined> {
    const response = await fetch(`${this.#urls[which]}/ready`, {
      signal: AbortSignal.timeout(1_000),
    });
    return response.status === status ? true : undefined;
  }
}
