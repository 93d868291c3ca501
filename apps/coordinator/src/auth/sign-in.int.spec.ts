import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../testing/browser.js';
import { type RunningCoordinator, testHome, type TestHome } from '../testing/test-deployment.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

const PASSWORD = 'correct horse battery';

describe('sign-in', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let token: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    token = (await readFile(coordinator.deployment.apiTokenFile, 'utf8')).trim();
  }, 60_000);
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  const browser = (cookie = ''): Browser => new Browser(coordinator.api.url, cookie);
  const login = (name: string, password: string): Promise<Response> =>
    browser().send('POST', 'auth/login', { name, password });
  const me = async (who: Browser): Promise<unknown> =>
    ((await (await who.send('GET', 'auth/me')).json()) as { me: unknown }).me;

  it('makes the first admin once, with the api-token alone', async () => {
    const admin = { name: 'Ada', password: PASSWORD };
    const ask = (text: string): Promise<Response> =>
      browser().send('POST', 'auth/first-admin', { ...admin, token: text });
    expect(await (await browser().send('GET', 'auth/me')).json()).toEqual({
      me: null,
      oidc: false,
      firstAdmin: true,
    });
    expect((await ask(`${token}x`)).status).toBe(401);
    expect((await ask(token)).status).toBe(200);
    expect((await ask(token)).status).toBe(403);
    expect(await (await browser().send('GET', 'auth/me')).json()).toMatchObject({
      firstAdmin: false,
    });
  });

  it('never takes over a cookie that somebody else chose, and ends the one before', async () => {
    const fixed = browser('tally-session=chosen-by-the-attacker');
    await fixed.send('POST', 'auth/login', { name: 'Ada', password: PASSWORD });
    const first = fixed.secret;
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await me(browser('tally-session=chosen-by-the-attacker'))).toBeNull();
    await fixed.send('POST', 'auth/login', { name: 'Ada', password: PASSWORD });
    expect(fixed.secret).not.toBe(first);
    expect(await me(browser(`tally-session=${first}`))).toBeNull();
    expect(await me(fixed)).toMatchObject({ name: 'Ada', role: 'admin', kind: 'user' });
  });

  it('opens nothing with a stolen cookie after the sign-out', async () => {
    const ada = await Browser.signIn(coordinator.api.url, 'Ada', PASSWORD);
    const thief = browser(ada.cookie);
    expect((await thief.send('GET', 'people')).status).toBe(200);
    const out = await ada.send('POST', 'auth/logout', {});
    expect(out.status).toBe(204);
    expect(ada.cookie).toBe('');
    expect((await thief.send('GET', 'people')).status).toBe(401);
  });

  it('sets a cookie that no script reads and no other site’s form sends', async () => {
    const [cookie = ''] = (await login('Ada', PASSWORD)).headers.getSetCookie();
    expect(cookie).toMatch(
      /^tally-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/,
    );
  });

  it('answers an unknown name as it answers a wrong password, and hashes for both', async () => {
    const answers = [await login('Ada', 'wrong password here'), await login('Bob', PASSWORD)];
    const [wrong, unknown] = await Promise.all(answers.map((answer) => answer.json()));
    expect(unknown).toEqual(wrong);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect((await login('operator', '')).status).toBe(401);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling host', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['nowhere', {}],
  ])('refuses an act with a cookie that comes from %s', async (_what, headers) => {
    const ada = await Browser.signIn(coordinator.api.url, 'Ada', PASSWORD);
    const body = { name: 'Mallory', role: 'admin', password: PASSWORD };
    const answer = await ada.send('POST', 'people', body, headers);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: 'AUTH_CROSS_SITE' } });
  });

  it('refuses what a form could send, and lets a program without cookies in by its token', async () => {
    const ada = await Browser.signIn(coordinator.api.url, 'Ada', PASSWORD);
    const form = await fetch(`${coordinator.api.url}/api/v1/tokens`, {
      method: 'POST',
      headers: {
        cookie: ada.cookie,
        'sec-fetch-site': 'same-origin',
        'content-type': 'text/plain',
      },
      body: '{"name":"x","scopes":["self"],"days":1}',
    });
    expect(form.status).toBe(403);
    expect((await coordinator.api.ask('people')).status).toBe(200);
  });

  it('takes a link once', async () => {
    const { ticket } = (await coordinator.api.post('auth/tickets', {})) as { ticket: string };
    const first = browser();
    const answer = await first.send('POST', 'auth/link', { ticket });
    expect(await answer.json()).toMatchObject({ me: { kind: 'operator', role: 'admin' } });
    expect((await browser().send('POST', 'auth/link', { ticket })).status).toBe(401);
    expect((await first.send('POST', 'auth/tickets', {})).status).toBe(403);
    expect((await first.send('GET', 'people')).status).toBe(200);
  });

  it('keys of a JSON body name no class: they are refused as unknown', async () => {
    const headers = { 'content-type': 'application/json' };
    const statuses: number[] = [];
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const body = `{"name":"Eve","role":"auditor","password":"${PASSWORD}","${key}":{"role":"admin"}}`;
      const answer = await coordinator.api.ask('people', { method: 'POST', headers, body });
      statuses.push(answer.status);
    }
    expect(statuses.slice(1)).toEqual([400, 400]);
    expect(Reflect.get({}, 'role')).toBeUndefined();
    const { users } = (await coordinator.api.get('people')) as { users: { role: string }[] };
    expect(users.map(({ role }) => role).filter((role) => role === 'admin').length).toBe(1);
    const role = JSON.stringify({ name: 'Eve2', role: 'constructor', password: PASSWORD });
    const made = await coordinator.api.ask('people', { method: 'POST', headers, body: role });
    expect(made.status).toBe(400);
    const scopes = JSON.stringify({ name: 'x', scopes: ['constructor', '__proto__'], days: 1 });
    const asked = await coordinator.api.ask('tokens', { method: 'POST', headers, body: scopes });
    expect(asked.status).toBe(403);
  });

  it('ends a disabled user’s sessions and tokens at once', async () => {
    const eve = { name: 'Zoe', role: 'auditor', password: PASSWORD };
    const { id } = (await coordinator.api.post('people', eve)) as { id: string };
    const zoe = await Browser.signIn(coordinator.api.url, 'Zoe', PASSWORD);
    expect((await zoe.send('GET', 'runs')).status).toBe(200);
    const off = { method: 'PATCH', body: '{"disabled":true}' };
    const headers = { 'content-type': 'application/json' };
    expect((await coordinator.api.ask(`people/${id}`, { ...off, headers })).status).toBe(200);
    expect((await zoe.send('GET', 'runs')).status).toBe(401);
    expect((await login('Zoe', PASSWORD)).status).toBe(401);
  });

  it('sends strict headers with every answer', async () => {
    const { headers } = await browser().send('GET', 'auth/me');
    expect(headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'");
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('ends a session that is not used for 30 minutes, and every one after 12 hours', async () => {
    const sql = (text: string): Promise<unknown> =>
      postgres.query(coordinator.deployment.databaseUrl, text);
    for (const column of ['seen_at', 'created_at']) {
      const ada = await Browser.signIn(coordinator.api.url, 'Ada', PASSWORD);
      expect(await me(ada)).not.toBeNull();
      const age = column === 'seen_at' ? '30 minutes' : '12 hours';
      await sql(`UPDATE sessions SET ${column} = now() - interval '${age}'`);
      expect(await me(ada)).toBeNull();
    }
  });

  it('counts attempts by name and by address, right password or not', async () => {
    const attempts = async (name: string): Promise<number[]> => {
      const statuses: number[] = [];
      for (let i = 0; i < 31; i++) statuses.push((await login(name, 'wrong password')).status);
      return statuses;
    };
    expect((await attempts('Ada')).at(-1)).toBe(429);
    expect((await attempts('Bob')).at(-1)).toBe(429);
    expect((await login('Carol', PASSWORD)).status).toBe(429);
    const refused = await login('Ada', PASSWORD);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
