import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../testing/browser.js';
import { type RunningCoordinator, testHome, type TestHome } from '../testing/test-deployment.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { CLIENT, startTestProvider, type TestProvider } from '../testing/test-provider.js';

type Claims = Readonly<Record<string, unknown>>;

describe('sign-in at an OpenID provider', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let provider: TestProvider;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    provider = await startTestProvider(() => coordinator.api.url);
    coordinator = await home.start({
      oidc: {
        issuer: provider.issuer,
        clientId: CLIENT.id,
        clientSecret: CLIENT.secret,
        groupsClaim: 'groups',
        scope: '',
      },
    });
    const put = (group: string, body: unknown): Promise<Response> =>
      coordinator.api.ask(`groups/${group}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put('auditors', { role: 'auditor' })).status).toBe(204);
    expect((await put('staff', { role: 'site', organisation: 'zurich' })).status).toBe(204);
  }, 60_000);
  afterEach(() => {
    provider.tamper = undefined;
    provider.groups = ['auditors', 'staff', 'unknown here'];
  });
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await provider.stop();
    await postgres.stop();
  });

  /** The browser at the moment the provider sends it back. */
  async function begun(): Promise<{ readonly browser: Browser; readonly back: string }> {
    const browser = new Browser(coordinator.api.url);
    const start = await browser.send('GET', 'auth/oidc/start');
    expect(start.status).toBe(302);
    const back = new URL(await provider.authorize(start.headers.get('location') ?? ''));
    expect(back.origin).toBe(coordinator.api.url);
    return { browser, back: `${back.pathname}${back.search}` };
  }

  async function bring(browser: Browser, back: string): Promise<string> {
    const answer = await browser.send('GET', back);
    expect(answer.status).toBe(302);
    return answer.headers.get('location') ?? '';
  }

  const meOf = async (browser: Browser): Promise<unknown> =>
    ((await (await browser.send('GET', 'auth/me')).json()) as { me: unknown }).me;

  async function refused({ browser, back }: Awaited<ReturnType<typeof begun>>): Promise<void> {
    expect(await bring(browser, back)).toBe('/#refused=AUTH_SIGN_IN');
    expect(await meOf(browser)).toBeNull();
  }

  it('signs a person in with the strongest role of their groups, and follows a change', async () => {
    provider.groups = ['staff', 'auditors'];
    const first = await begun();
    expect(await bring(first.browser, first.back)).toBe('/');
    expect(await meOf(first.browser)).toMatchObject({ name: 'ada', role: 'auditor' });
    provider.groups = ['staff'];
    const again = await begun();
    await bring(again.browser, again.back);
    expect(await meOf(again.browser)).toMatchObject({ role: 'site', organisation: 'zurich' });
    const people = (await coordinator.api.get('people')) as { users: unknown[] };
    expect(people.users).toMatchObject([{ name: 'ada', source: 'oidc', role: 'site' }]);
  });

  it('believes what the provider’s own key signed: the forgeries below fail for what they say', async () => {
    provider.tamper = (answer) => {
      const [, body = ''] = String(answer['id_token']).split('.');
      return {
        ...answer,
        id_token: provider.sign(JSON.parse(Buffer.from(body, 'base64url').toString())),
      };
    };
    const { browser, back } = await begun();
    expect(await bring(browser, back)).toBe('/');
  });

  it('gives nobody in who has no group with a role', async () => {
    provider.groups = ['unknown here', '__proto__', 'constructor'];
    const { browser, back } = await begun();
    expect(await bring(browser, back)).toBe('/#refused=AUTH_NO_ROLE');
    expect(await meOf(browser)).toBeNull();
  });

  it('refuses another state, another browser, and a second use of the code', async () => {
    const wrong = await begun();
    await refused({ ...wrong, back: wrong.back.replace(/state=[^&]+/, `state=${'A'.repeat(43)}`) });
    const other = await begun();
    await refused({ browser: new Browser(coordinator.api.url), back: other.back });
    const used = await begun();
    const { cookie } = used.browser;
    expect(await bring(used.browser, used.back)).toBe('/');
    await refused({ browser: new Browser(coordinator.api.url, cookie), back: used.back });
  });

  it('refuses an answer for an empty or cut cookie: an empty nonce is no nonce', async () => {
    const { browser, back } = await begun();
    const [state = '', nonce = '', verifier = ''] = (browser.cookie.split('=')[1] ?? '').split('.');
    for (const text of [
      `${state}..${verifier}`,
      `.${nonce}.${verifier}`,
      '..',
      `${state}.${nonce}`,
    ]) {
      await refused({ browser: new Browser(coordinator.api.url, `tally-oidc=${text}`), back });
    }
  });

  it.each<[string, (claims: Claims) => Claims]>([
    ['expired', (claims) => ({ ...claims, iat: 1_000, exp: 2_000 })],
    ['for an empty nonce', (claims) => ({ ...claims, nonce: '' })],
    ['without a nonce', ({ nonce: _nonce, ...claims }) => claims],
    ['for another nonce', (claims) => ({ ...claims, nonce: 'A'.repeat(43) })],
    ['for another client', (claims) => ({ ...claims, aud: 'somebody else' })],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
  ])('refuses an ID token %s', async (_what, change) => {
    provider.tamper = (answer) => {
      const [, body = ''] = String(answer['id_token']).split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
      return { ...answer, id_token: provider.sign(change(claims)) };
    };
    await refused(await begun());
  });

  it.each<[string, (body: string) => string]>([
    ['that says alg none', (body) => `${encoded({ alg: 'none' })}.${body}.`],
    ['of a foreign key', (body) => foreign(body)],
    ['signed with our own secret as if it were a key', (body) => hmac(body)],
  ])('refuses an ID token %s', async (_what, forge) => {
    provider.tamper = (answer) => {
      const [, body = ''] = String(answer['id_token']).split('.');
      return { ...answer, id_token: forge(body) };
    };
    await refused(await begun());
  });

  it('starts and serves while the provider is away', async () => {
    const second = await testHome(await postgres.database());
    const away = { issuer: 'http://127.0.0.1:9', clientId: 'x', clientSecret: 'x' };
    const oidc = { ...away, groupsClaim: 'groups', scope: '' };
    const alone = await second.start({ oidc });
    const browser = new Browser(alone.api.url);
    const start = await browser.send('GET', 'auth/oidc/start');
    expect(start.status).toBe(502);
    expect(await start.json()).toMatchObject({ error: { code: 'AUTH_PROVIDER' } });
    expect((await alone.api.ask('runs')).status).toBe(200);
    await alone.stop();
    await second.remove();
  });
});

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function foreign(body: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const text = `${encoded({ alg: 'RS256', kid: 'mine' })}.${body}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

function hmac(body: string): string {
  const text = `${encoded({ alg: 'HS256' })}.${body}`;
  return `${text}.${createHmac('sha256', CLIENT.secret).update(text).digest('base64url')}`;
}
