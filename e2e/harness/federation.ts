import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoundView, RunView } from './api-types.js';
import type { Site } from './heart.js';
import type { Ended, Running, Stage } from './stage.js';
import { until } from './until.js';

/** The line of `tally up`. */
interface Up {
  readonly url: string;
  readonly chainUrl: string;
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
}

interface Commits {
  readonly commits: readonly { block: number; run: number; round: number; header: string }[];
  readonly calls: readonly { block: number; run: number; round: number }[];
}

/** An error answer of the API. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A deployment under `tally up`, and the nodes that a test starts beside it. */
export class Federation {
  readonly stage: Stage;
  readonly data: string;
  /** Where requests go. */
  url: string;
  /** `coordinator:` of node.yaml. */
  addresses: string;
  chainUrl: string;
  /** The newest `tally up`. */
  up: Running;
  readonly nodes = new Map<string, Running>();
  /** The operator's. */
  readonly token: string;

  private constructor(stage: Stage, parts: { data: string; up: Running; said: Up; token: string }) {
    this.stage = stage;
    this.data = parts.data;
    this.up = parts.up;
    this.url = parts.said.url;
    this.addresses = parts.said.url;
    this.chainUrl = parts.said.chainUrl;
    this.token = parts.token;
  }

  /** @param node the program that runs `tally up`, when it is not this test's Node. */
  static async start(
    stage: Stage,
    env: Readonly<Record<string, string>> = {},
    node?: string,
  ): Promise<Federation> {
    const data = stage.path('data');
    const args = ['up', '--port', '0', '--chain-port', '0', '--data', data, '--json'];
    const up = stage.tally(args, { env, ...(node === undefined ? {} : { node }) });
    const said = await up.event<Up>('up');
    const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
    return new Federation(stage, { data, up, said, token });
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Where PostgreSQL listens: the postmaster's file names its socket folder (line 5). */
  async databaseUrl(): Promise<string> {
    const [, , , port = '', folder = ''] = await this.#postmaster();
    return `postgres://postgres@${encodeURIComponent(folder)}:${port}/postgres`;
  }

  async #postmaster(): Promise<readonly string[]> {
    const home = join(this.data, 'postgres');
    const cluster = await readFile(join(home, 'location'), 'utf8').catch(() => home);
    return (await readFile(join(cluster, 'data/postmaster.pid'), 'utf8')).split('\n');
  }

  /** Newest pid of a server, as the data folder tells it. */
  async pidOf(role: 'coordinator' | 'chain' | 'postgres'): Promise<number> {
    switch (role) {
      case 'coordinator': {
        const lock = await readFile(join(this.data, 'coordinator.lock.json'), 'utf8');
        return JSON.parse(lock).pid;
      }
      case 'chain': {
        const said = await readFile(join(this.data, 'chain/chain.out'), 'utf8');
        return JSON.parse(said.trim().split('\n').at(-1) ?? '').pid;
      }
      case 'postgres':
        return Number((await this.#postmaster())[0]);
    }
  }

  /** Kills a server as the kernel would for lack of memory; its pid. */
  async kill(role: 'coordinator' | 'chain' | 'postgres'): Promise<number> {
    const pid = await this.pidOf(role);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  get<T>(path: string): Promise<T> {
    return this.#call(path, {});
  }

  async bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#fetch(path, {})).arrayBuffer());
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#call(path, { method: 'POST', body: JSON.stringify(body) });
  }

  /** The error that the API answers. */
  async refusal(path: string, init: RequestInit): Promise<Refusal> {
    const response = await this.#fetch(path, init);
    const { error } = (await response.json()) as { error: Omit<Refusal, 'status'> };
    return { status: response.status, ...error };
  }

  async #call<T>(path: string, init: RequestInit): Promise<T> {
    const response = await this.#fetch(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    return fetch(`${this.url}/api/v1/${path}`, {
      headers,
      signal: AbortSignal.timeout(20_000),
      ...init,
    });
  }

  /** A one-time token. */
  async invite(organisation: string): Promise<string> {
    return (await this.post<{ token: string }>('invites', { organisation })).token;
  }

  folderOf(name: string): string {
    return this.stage.path('sites', name);
  }

  /** Writes node.yaml, then joins by the command line, as an operator of a site does. */
  async join(site: Site, invite?: string): Promise<Ended> {
    const folder = this.folderOf(site.name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'node.yaml'), site.nodeYaml(this.addresses));
    const token = invite ?? (await this.invite(site.name));
    const ended = await this.stage.run(
      ['node', 'join', '--token', token, '--name', site.name, '--folder', folder],
      { name: `join ${site.name}` },
    );
    if (ended.code !== 0) throw new Error(`join ${site.name}: ${ended.stderr}`);
    return ended;
  }

  /** Starts the node of a site as a service does, or one that lies, and waits until it is welcome. */
  async startNode(name: string, attack?: string): Promise<Running> {
    const folder = ['--folder', this.folderOf(name)];
    const [script, args] =
      attack === undefined
        ? ['apps/client-node/dist/main.js', folder]
        : ['e2e/attacker/main.mjs', [...folder, '--attack', attack]];
    const node = this.stage.start(script, args, { name: `node ${name}` });
    this.nodes.set(name, node);
    await node.event('node.ready');
    return node;
  }

  /** Joins one after another, so that node ids follow the order, then starts them all. */
  async populate(sites: readonly Site[]): Promise<void> {
    for (const site of sites) await this.join(site);
    await Promise.all(sites.map(({ name }) => this.startNode(name)));
  }

  launch(spec: string, pot = '0'): Promise<RunView> {
    return this.post<RunView>('runs', { spec, pot });
  }

  run(run: number): Promise<RunView> {
    return this.get<RunView>(`runs/${run}`);
  }

  async rounds(run: number): Promise<readonly RoundView[]> {
    return (await this.get<{ rounds: RoundView[] }>(`runs/${run}/rounds`)).rounds;
  }

  /** Waits until the run is over and every round of it is final; then its rounds. */
  async finished(run: number, timeoutMs = 120_000): Promise<readonly RoundView[]> {
    const view = await until(
      `run ${run} is over and final`,
      async () => {
        const now = await this.run(run);
        if (now.status === 'failed' || now.status === 'cancelled') return now;
        const isFinal = now.status === 'completed' && now.committedRounds === now.closedRounds;
        return isFinal ? now : undefined;
      },
      timeoutMs,
    );
    if (view.status !== 'completed') throw new Error(`run ${run} ${view.status}: ${view.reason}`);
    return this.rounds(run);
  }

  /** Asks the outsider's client about a round. */
  outsider(run: number, round: number): Promise<Ended> {
    return this.#outsider(String(run), String(round));
  }

  /** What the outsider's client counts on the chain: events of commits, and calls whether they counted or not. */
  async commits(): Promise<Commits> {
    return (await this.#outsider()).json<Commits>();
  }

  #outsider(...args: readonly string[]): Promise<Ended> {
    const options = { name: 'outsider' };
    return this.stage.start('e2e/outsider/read-round.mjs', [this.chainUrl, ...args], options).ended;
  }

  /** Ends PostgreSQL, chain and coordinator in order; the nodes live on and knock. */
  async stopServers(): Promise<number | null> {
    this.up.child.kill('SIGTERM');
    return (await this.up.ended).code;
  }

  /** `tally up` on the same data folder and port. */
  async upAgain(): Promise<void> {
    const ports = ['--port', String(this.port), '--chain-port', '0'];
    this.up = this.stage.tally(['up', ...ports, '--data', this.data, '--json'], {
      name: 'tally up, again',
    });
    this.chainUrl = (await this.up.event<Up>('up')).chainUrl;
  }

  /** Drains by SIGTERM, like Ctrl-C; the code of `tally up`. */
  async stop(): Promise<number | null> {
    for (const node of this.nodes.values()) node.child.kill('SIGTERM');
    await Promise.all([...this.nodes.values()].map(({ ended }) => ended));
    return this.stopServers();
  }
}
