import { readFile } from 'node:fs/promises';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Controller, Get, Module, RequestMethod } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, NestFactory } from '@nestjs/core';
import type { RunId } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser } from '../testing/browser.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from '../testing/test-deployment.js';
import { TestNode } from '../testing/test-node.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { NODES_KEY, PERMISSION_KEY } from './access.js';
import { isPermission, permissionsOf, ROLES, type Role } from './permissions.js';
import { RouteMarks } from './route-marks.js';

/** Every route of the real application. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly mark: unknown;
  readonly isForNodes: boolean;
}

const PASSWORD = 'a long enough password';
const HASH = 'ab'.repeat(32);

describe('roles × routes × objects', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let routes: readonly Route[];
  const browsers = new Map<Role, Browser>();
  let foreignSite: Browser;
  let nodes: readonly TestNode[];
  let node: TestNode;
  let own: number;
  let foreign: number;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    const { api } = coordinator;
    routes = routesOf(coordinator);
    nodes = [new TestNode(api), new TestNode(api)];
    for (const [i, each] of nodes.entries()) {
      await each.join(`site-${i}`);
      await each.connect();
    }
    const [first] = nodes;
    if (first === undefined) throw new Error('no node');
    node = first;
    const { nodes: views } = (await api.get('nodes')) as {
      nodes: { organisation: { name: string } }[];
    };
    const organisation = views[0]?.organisation.name ?? '';
    for (const role of ROLES) {
      const site = role === 'site' ? { organisation } : {};
      await api.post('people', { name: role, role, password: PASSWORD, ...site });
      browsers.set(role, await Browser.signIn(api.url, role, PASSWORD));
    }
    const other = { name: 'other', role: 'site', password: PASSWORD, organisation: 'elsewhere' };
    await api.post('people', other);
    foreignSite = await Browser.signIn(api.url, 'other', PASSWORD);
    const launched = await browserOf('researcher').send('POST', 'runs', { spec: TEST_RUN });
    own = ((await launched.json()) as { run: number }).run;
    await completed(own);
    foreign = (await api.launch(TEST_RUN)).run;
    await completed(foreign);
  }, 120_000);
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  async function completed(run: number): Promise<void> {
    const status = async (): Promise<string> => (await coordinator.api.run(run)).status;
    await vi.waitFor(async () => expect(await status()).toBe('completed'), 30_000);
  }

  function browserOf(role: Role): Browser {
    const browser = browsers.get(role);
    if (browser === undefined) throw new Error(`nobody is ${role}`);
    return browser;
  }

  it('finds every route, and a mark on each', () => {
    expect(routes.length).toBeGreaterThan(35);
    const isMarked = ({ mark, isForNodes }: Route): boolean =>
      isForNodes || mark === 'public' || (typeof mark === 'string' && isPermission(mark));
    expect(routes.filter((route) => !isMarked(route))).toEqual([]);
  });

  it('opens each route to exactly the roles of its permission', async () => {
    const wrong: string[] = [];
    for (const { method, path, mark } of routes) {
      if (mark === 'public' || path.endsWith('/events')) continue;
      for (const role of ROLES) {
        const answer = await browserOf(role).send(method, pathWith(path, 'nobody'), undefined);
        await answer.arrayBuffer();
        const isOpen = answer.status !== 401 && answer.status !== 403;
        const should =
          typeof mark === 'string' && isPermission(mark) && permissionsOf(role).has(mark);
        const isOperators = path === '/api/v1/auth/tickets';
        if (isOpen !== (should && !isOperators)) {
          wrong.push(`${role} ${method} ${path}: ${answer.status}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('opens nothing to nobody, and to a node only what is marked so', async () => {
    const wrong: string[] = [];
    for (const { method, path, mark, isForNodes } of routes) {
      if (mark === 'public') continue;
      const init = { method, headers: { 'content-type': 'application/json' } };
      const bare = pathWith(path, 'nobody').replace(/^\/api\/v1\//, '');
      const nobody = await coordinator.api.ask(bare, init, '');
      if (nobody.status !== 401) wrong.push(`nobody ${method} ${path}: ${nobody.status}`);
      const byNode = await coordinator.api.ask(bare, init, node.token);
      await byNode.body?.cancel();
      if ((byNode.status === 403) === isForNodes)
        wrong.push(`node ${method} ${path}: ${byNode.status}`);
    }
    expect(wrong).toEqual([]);
  });

  it('IDOR: shows a site the runs and nodes of its organisation, and no others', async () => {
    const site = browserOf('site');
    for (const path of ['', '/rounds', '/rounds/0', '/rounds/0/evidence', '/headers', '/epochs']) {
      expect((await site.send('GET', `runs/${own}${path}`)).status, path).toBe(200);
      expect((await foreignSite.send('GET', `runs/${own}${path}`)).status, path).toBe(404);
    }
    expect((await foreignSite.send('GET', `runs/${own}/events`)).status).toBe(404);
    expect(await (await foreignSite.send('GET', 'runs')).json()).toEqual({ runs: [] });
    expect(await (await foreignSite.send('GET', 'nodes')).json()).toEqual({ nodes: [] });
    const { nodes } = (await (await site.send('GET', 'nodes')).json()) as { nodes: unknown[] };
    expect(nodes.length).toBe(1);
    const { model, spec } = await coordinator.api.run(own);
    for (const path of [`models/${model}`, `specs/${spec}`]) {
      expect((await site.send('GET', path)).status).toBe(200);
      expect((await foreignSite.send('GET', path)).status).toBe(404);
    }
  });

  it('IDOR: shows nothing of a run on any of its routes to a site that takes no part in it', async () => {
    const ofRuns = routes.filter(({ path }) => path.startsWith('/api/v1/runs/:'));
    expect(ofRuns.length).toBeGreaterThan(13);
    const answers = await Promise.all(
      ofRuns.map(async ({ method, path, mark }) => {
        const at = path.replace(/^\/api\/v1\/runs\/:\w+/, `/api/v1/runs/${own}`);
        const answer = await foreignSite.send(method, at.replace(':round', '0'), {});
        const isAllowed =
          typeof mark === 'string' && isPermission(mark) && permissionsOf('site').has(mark);
        return [`${method} ${path}`, answer.status, isAllowed ? 404 : 403] as const;
      }),
    );
    expect(answers.filter(([, found, wanted]) => found !== wanted)).toEqual([]);
  });

  it('IDOR: shows a site its own reports about a round, and an auditor all', async () => {
    const { model, closedRounds } = await coordinator.api.run(own);
    const at = closedRounds - 1;
    for (const each of nodes) {
      const report = { run: own as RunId, round: at, model, numExamples: 9 };
      each.send({ kind: 'evaluation', ...report, metrics: { accuracy: 1 } });
    }
    const nodesIn = async (browser: Browser): Promise<number[]> => {
      const answer = await browser.send('GET', `runs/${own}/rounds/${at}`);
      const { evaluations } = (await answer.json()) as { evaluations: { node: number }[] };
      return evaluations.map((each) => each.node);
    };
    await vi.waitFor(async () => expect(await nodesIn(browserOf('auditor'))).toHaveLength(2));
    expect(await nodesIn(browserOf('site'))).toEqual([node.node]);
    const listed = await browserOf('site').send('GET', `runs/${own}/rounds?from=${at}`);
    const { rounds } = (await listed.json()) as { rounds: { evaluations: { node: number }[] }[] };
    expect(rounds[0]?.evaluations.map((each) => each.node)).toEqual([node.node]);
  });

  it('IDOR: lets a researcher control its own runs only, and an admin all', async () => {
    const researcher = browserOf('researcher');
    for (const act of ['stop', 'pause', 'resume', 'close']) {
      const refused = await researcher.send('POST', `runs/${foreign}/${act}`, {});
      expect(refused.status, act).toBe(403);
      expect((await browserOf('site').send('POST', `runs/${own}/${act}`, {})).status).toBe(403);
      expect((await researcher.send('POST', `runs/${own}/${act}`, {})).status).not.toBe(403);
      expect((await browserOf('admin').send('POST', `runs/${foreign}/${act}`, {})).status).not.toBe(
        403,
      );
    }
  });

  it('IDOR: ends sessions and tokens of oneself, and for an admin anybody’s', async () => {
    const auditor = browserOf('auditor');
    const made = await auditor.send('POST', 'tokens', {
      name: 'mine',
      scopes: ['run.read'],
      days: 1,
    });
    const { id } = (await made.json()) as { id: string };
    expect((await browserOf('researcher').send('DELETE', `tokens/${id}`)).status).toBe(404);
    const { tokens } = (await (await browserOf('researcher').send('GET', 'tokens')).json()) as {
      tokens: unknown[];
    };
    expect(tokens).toEqual([]);
    expect((await auditor.send('DELETE', `tokens/${id}`)).status).toBe(204);
    const people = (await coordinator.api.get('people')) as {
      sessions: { id: string; user: string }[];
    };
    const session = people.sessions.find(({ user }) => user === 'other')?.id ?? '';
    expect((await auditor.send('DELETE', `sessions/${session}`)).status).toBe(404);
    expect((await browserOf('admin').send('DELETE', `sessions/${session}`)).status).toBe(204);
    expect((await foreignSite.send('GET', 'runs')).status).toBe(401);
  });

  it('makes a token for no more than one may do, that ends with its role', async () => {
    const researcher = browserOf('researcher');
    const refused = await researcher.send('POST', 'tokens', {
      name: 'more',
      scopes: ['run.read', 'people.manage'],
      days: 1,
    });
    expect(refused.status).toBe(403);
    const made = await researcher.send('POST', 'tokens', {
      name: 'reads',
      scopes: ['run.read'],
      days: 1,
    });
    const { token } = (await made.json()) as { token: string };
    const ask = async (path: string, text = token): Promise<number> =>
      (await coordinator.api.ask(path, {}, text)).status;
    expect(await ask('runs')).toBe(200);
    expect(await ask('nodes')).toBe(403);
    for (const at of [0, 5, 25, token.length - 1]) {
      const changed = token.slice(0, at) + (token[at] === '0' ? '1' : '0') + token.slice(at + 1);
      expect(await ask('runs', changed)).toBe(401);
    }
    const byToken = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ name: 'more', scopes: ['run.read'], days: 1 });
    expect((await coordinator.api.ask('tokens', { ...byToken, body }, token)).status).toBe(403);
  });

  it('makes twenty tokens a minute and no more', async () => {
    const made = async (): Promise<number> => {
      const body = { name: 'many', scopes: ['run.read'], days: 1 };
      const answer = await browserOf('admin').send('POST', 'tokens', body);
      await answer.arrayBuffer();
      return answer.status;
    };
    const statuses: number[] = [];
    for (let i = 0; i < 21; i++) statuses.push(await made());
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 201), 429]);
  });

  it('writes every act down, refusals too, and changes no line afterwards', async () => {
    const { acts } = (await coordinator.api.get('log')) as {
      acts: { act: string; object: string; outcome: string; who: { name: string } }[];
    };
    const has = (name: string, act: string, outcome: string): boolean =>
      acts.some((line) => line.who.name === name && line.act === act && line.outcome === outcome);
    expect(has('researcher', 'run.control', 'AUTH_DENIED')).toBe(true);
    expect(has('admin', 'self', 'done')).toBe(true);
    expect(has('auditor', 'self', 'USAGE_NOT_FOUND')).toBe(true);
    for (const sql of ['UPDATE acts SET outcome = $$done$$', 'DELETE FROM acts', 'TRUNCATE acts']) {
      await expect(postgres.query(coordinator.deployment.databaseUrl, sql)).rejects.toThrow(
        'append-only',
      );
    }
  });

  it('stores nothing that a reader of the database could sign in with', async () => {
    const { databaseUrl } = coordinator.deployment;
    const rows = await postgres.query(
      databaseUrl,
      `SELECT (SELECT json_agg(s) FROM sessions s)::text || (SELECT json_agg(t) FROM tokens t)::text
        || (SELECT json_agg(u) FROM users u)::text AS all`,
    );
    const all = JSON.stringify(rows);
    expect(all).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(all).not.toContain(PASSWORD);
    const hashes = await postgres.query(
      databaseUrl,
      `SELECT encode(hash, 'hex') AS hash FROM sessions UNION SELECT encode(hash, 'hex') FROM tokens`,
    );
    expect(hashes.length).toBeGreaterThan(3);
    for (const { hash } of hashes) {
      const cookie = Buffer.from(String(hash), 'hex').toString('base64url');
      for (const value of [String(hash), cookie]) {
        const browser = new Browser(coordinator.api.url, `tally-session=${value}`);
        expect((await browser.send('GET', 'runs')).status).toBe(401);
        expect((await coordinator.api.ask('runs', {}, value)).status).toBe(401);
      }
    }
    const apiToken = (await readFile(coordinator.deployment.apiTokenFile, 'utf8')).trim();
    const lines = JSON.stringify(home.logger.lines);
    for (const secret of [
      PASSWORD,
      apiToken,
      ...[...browsers.values()].map(({ secret }) => secret),
    ]) {
      expect(lines.includes(secret)).toBe(false);
      expect(all.includes(secret)).toBe(false);
    }
  });
});

it('refuses to start with a route that has no mark', async () => {
  @Controller('bare')
  class BareController {
    @Get()
    read(): string {
      return 'open';
    }
  }
  @Module({
    imports: [DiscoveryModule],
    controllers: [BareController],
    providers: [RouteMarks],
  })
  class BareModule {}
  const started = NestFactory.create(BareModule, { logger: false, abortOnError: false });
  await expect(started.then((app) => app.init())).rejects.toThrow('BareController.read');
});

function pathWith(path: string, id: string): string {
  return path
    .replace(':run', '4000000000')
    .replace(':round', '4000000000')
    .replace(':sha256', HASH)
    .replace(/:\w+/, id);
}

function routesOf({ app }: RunningCoordinator): readonly Route[] {
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const prototype: unknown = metatype.prototype;
      if (typeof prototype !== 'object' || prototype === null) return [];
      const base: unknown = Reflect.getMetadata(PATH_METADATA, metatype);
      return scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler: unknown = Reflect.get(prototype, name);
        if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler))
          return [];
        const meta = (key: string): unknown =>
          Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, metatype);
        const tail = String(Reflect.getMetadata(PATH_METADATA, handler));
        return [
          {
            method: RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))] ?? '',
            path: `/${String(base)}/${tail}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'),
            mark: meta(PERMISSION_KEY),
            isForNodes: meta(NODES_KEY) === true,
          },
        ];
      });
    });
}
