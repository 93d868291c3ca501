/** People on the page: the first admin, roles, tokens, sessions that end, nodes that are suspended, a wrong clock. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Federation } from '../harness/federation.js';
import { until } from '../harness/until.js';
import { useStage } from '../harness/use-stage.js';
import { axe } from './axe.js';
import { go, visit } from './browser.js';
import { openHeart, payoutOf } from './heart-page.js';
import { placesOf, registeredPages } from './places.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const ADMIN = { name: 'Grace', password: 'a long enough password' };
const DAY_MS = 86_400_000;
/** What each role sees in the navigation; an auditor launches nothing, a site manages nobody. */
const LINKS = {
  admin: ['Runs', 'Nodes', 'Compare', 'New run', 'Ledger', 'Rewards', 'People'],
  researcher: ['Runs', 'Nodes', 'Compare', 'New run', 'Ledger', 'Rewards'],
  auditor: ['Runs', 'Nodes', 'Compare', 'Ledger', 'Rewards'],
  site: ['Runs', 'Nodes', 'Compare', 'Ledger', 'Rewards'],
} as const;
type Role = keyof typeof LINKS;

interface People {
  readonly users: readonly { readonly id: string; readonly name: string; readonly role: string }[];
  readonly sessions: readonly { readonly id: string; readonly user: string }[];
}

describe.runIf(isFull)('people on the page', () => {
  let federation: Federation;
  let browser: Browser;
  let spec: string;
  const passwords = new Map<string, string>();

  useStage(async (stage) => {
    ({ federation, browser, spec } = await openHeart(stage));
    const paid = `${spec}payout: { epochRounds: 3 }\n`;
    await federation.post('runs', { spec: paid, pot: '900', windows: { challengeMs: 1_000 } });
    await federation.launch(spec);
    await federation.finished(1);
  });
  afterAll(() => browser?.close());

  const signIn = async (page: Page, name: string, place = '/'): Promise<void> => {
    await page.goto(`${federation.url}${place}`);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Password', { exact: true }).fill(passwords.get(name) ?? '');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
  };

  it('the first admin is made by a form, once, with the operator’s token', async () => {
    const { page, complaints } = await visit(browser);
    await page.goto(federation.url);
    await page.getByText('make the first admin').click();
    expect(await axe(page)).toEqual([]);
    await page.getByLabel('Your name').fill(ADMIN.name);
    await page.getByLabel('New password').fill(ADMIN.password);
    await page.getByLabel('Operator’s token').fill('not the token');
    await page.getByRole('button', { name: 'Make the admin' }).click();
    await page.getByText('AUTH_SIGN_IN').waitFor();
    await page.getByLabel('Operator’s token').fill(federation.token);
    await page.getByRole('button', { name: 'Make the admin' }).click();
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('heading', { name: 'People' }).waitFor();
    passwords.set(ADMIN.name, ADMIN.password);
    const other = await visit(browser);
    await other.page.goto(federation.url);
    await other.page.getByRole('button', { name: 'Use token' }).waitFor();
    expect(await other.page.getByText('make the first admin').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('an admin adds people; a password is shown once', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page, ADMIN.name, '/people');
    for (const role of Object.keys(LINKS)) {
      const form = page.getByRole('form', { name: 'New user' });
      await form.getByLabel('Name').fill(`the ${role}`);
      await form.getByLabel('Role').selectOption(role);
      if (role === 'site') await form.getByLabel('Organisation').fill('cleveland');
      await form.getByRole('button', { name: 'Add the user' }).click();
      const once = page.locator('.once').filter({ hasText: `The password of the ${role}` });
      passwords.set(`the ${role}`, await once.locator('code').innerText());
    }
    await page.reload();
    await page.getByRole('heading', { name: 'Users' }).waitFor();
    expect(await page.locator('.once').count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each(Object.keys(LINKS) as Role[])(
    'role %s: sees its own pages and no others, and the API refuses the rest',
    async (role) => {
      const { page, complaints } = await visit(browser);
      await signIn(page, `the ${role}`);
      const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
      expect(await links.allInnerTexts()).toEqual([...LINKS[role]]);
      const { me } = await ask<{ me: { permissions: readonly string[] } }>(page, 'auth/me');
      for (const registered of await registeredPages()) {
        const isOpen = me.permissions.includes(registered.permission);
        const [place] = placesOf([registered]);
        await go(page, place?.at ?? '');
        await page.locator('h1').waitFor();
        const heading = await page.locator('h1').innerText();
        const page404 = heading === 'Nothing here';
        expect({ ...registered, page404 }).toEqual({ ...registered, page404: !isOpen });
      }
      const may = (permission: string): boolean => me.permissions.includes(permission);
      const status = (path: string, body?: unknown): Promise<number> => statusOf(page, path, body);
      expect(await status('people')).toBe(may('people.manage') ? 200 : 403);
      expect(await status('log')).toBe(may('log.read') ? 200 : 403);
      expect(await status('runs', { spec: 'x' })).toBe(may('run.launch') ? 400 : 403);
      expect(await status('nodes/77/suspend', {})).toBe(may('node.suspend') ? 404 : 403);
      expect(await status('runs/0/stop', {})).toBe(
        role === 'admin' ? 400 : 403, // it is the operator's, and over
      );
      expect(complaints).toEqual([]);
    },
  );

  it('a site sees its own node, reports and reward; Σ fits for whoever sees all', async () => {
    const site = await visit(browser);
    await signIn(site.page, 'the site', '/nodes');
    await site.page.getByText('1 of 1 online').waitFor();
    const mine = await ask<{ evaluations: readonly unknown[] }>(site.page, 'runs/1/rounds/2');
    expect(mine.evaluations).toHaveLength(1);
    await go(site.page, '/rewards?run=0');
    await site.page.getByText('of 900,000,000,000,000 promised to all').waitFor();
    const rows = site.page.getByRole('region', { name: 'Accounts' }).locator('tbody tr');
    expect(await rows.count()).toBe(1);
    expect(await rows.getByRole('button').getAttribute('title')).toBe(payoutOf('cleveland'));
    const auditor = await visit(browser);
    await signIn(auditor.page, 'the auditor', '/rewards?run=0');
    await auditor.page.getByText('Held by the chain').waitFor();
    const facts = await auditor.page.locator('dl.facts').innerText();
    expect(facts).toMatch(/Promised in settled epochs\s+900,000,000,000,000\s/);
    await auditor.page.getByText('✓ Σ earned = promised').waitFor();
    const all = auditor.page.getByRole('region', { name: 'Accounts' }).locator('tbody tr');
    expect(await all.count()).toBe(4);
  });

  it('a token is shown once, works, and ends when it is revoked', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page, 'the researcher', '/account');
    const form = page.getByRole('form', { name: 'New token' });
    await form.getByLabel('Name').fill('notebook');
    await form.getByRole('button', { name: 'Make a token' }).click();
    const token = await page.locator('.once code').innerText();
    expect(token).toMatch(/^tly_/);
    expect(await axe(page)).toEqual([]);
    const runs = (): Promise<Response> =>
      fetch(`${federation.url}/api/v1/runs`, { headers: { authorization: `Bearer ${token}` } });
    expect((await runs()).status).toBe(200);
    await page.reload();
    await page.getByText('notebook').waitFor();
    expect(await page.locator('.once').count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke the token notebook' }).click();
    await page.getByText('No token.').waitFor();
    expect((await runs()).status).toBe(401);
    expect(complaints).toEqual([]);
  });

  it('a session that ends says so where one is, and what was typed stays', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page, 'the researcher', '/new');
    await page.getByRole('textbox', { name: 'run.yaml' }).fill(`${spec}\n# typed for an hour\n`);
    const { sessions } = await federation.get<People>('people');
    for (const { id } of sessions.filter(({ user }) => user === 'the researcher')) {
      await fetch(`${federation.url}/api/v1/sessions/${id}`, {
        method: 'DELETE',
        headers: {
          authorization: `Bearer ${federation.token}`,
          'content-type': 'application/json',
        },
      });
    }
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('button', { name: 'Launch the run' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByLabel('Name').fill('the researcher');
    await dialog.getByLabel('Password').fill(passwords.get('the researcher') ?? '');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByRole('textbox', { name: 'run.yaml' }).inputValue()).toContain(
      'typed for an hour',
    );
    expect(complaints).toEqual([]);
  });

  it('somebody who is disabled is out at once', async () => {
    const auditor = await visit(browser);
    await signIn(auditor.page, 'the auditor', '/nodes');
    const { page } = await visit(browser);
    await signIn(page, ADMIN.name, '/people');
    await page.getByRole('button', { name: 'Disable the auditor' }).click();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByRole('button', { name: 'Enable the auditor' }).waitFor();
    await auditor.page.getByText('Your session has ended').waitFor();
  });

  it('a suspended node is away until it is resumed, and hears why', async () => {
    const { page } = await visit(browser);
    await signIn(page, ADMIN.name, '/nodes');
    await page.getByText('4 of 4 online').waitFor();
    await page.getByRole('button', { name: 'Suspend hungarian' }).click();
    await page.getByRole('button', { name: 'Suspend the node' }).click();
    await page.getByText('3 of 4 online').waitFor();
    const node = federation.nodes.get('hungarian');
    await until('the node hears why', () =>
      node?.stdout.includes('AUTH_NODE_SUSPENDED') || node?.stderr.includes('AUTH_NODE_SUSPENDED')
        ? true
        : undefined,
    );
    await page.getByRole('button', { name: 'Resume hungarian' }).click();
    await page.getByText('4 of 4 online').waitFor({ timeout: 60_000 });
  });

  it('an invite is shown once', async () => {
    const { page } = await visit(browser);
    await signIn(page, ADMIN.name, '/nodes');
    const form = page.getByRole('form', { name: 'Invite' });
    await form.getByLabel('Organisation').fill('basel');
    await form.getByRole('button', { name: 'Make an invite' }).click();
    const token = await page.locator('.once code').innerText();
    expect(token.length).toBeGreaterThan(60);
    await page.getByText('once, until').waitFor();
  });

  it.each([
    [DAY_MS, 'ahead of'],
    [-DAY_MS, 'behind'],
  ])('a clock that is %d ms off is told of, and ages are still right', async (off, word) => {
    const { page } = await visit(browser);
    await page.clock.install({ time: Date.now() + off });
    await signIn(page, ADMIN.name);
    await page.getByText(`${word} the coordinator’s`).waitFor();
    expect(await page.locator('[role=status].strip').innerText()).toMatch(/is (1 d|23 h)/);
    const started = await page.locator('tbody tr').first().locator('time').innerText();
    expect(started).toMatch(/^(now|\d+(\.\d)? s ago|\d+ min \d+ s ago)$/);
  });
});

/** An answer of the API in the session of the page. */
function ask<T>(page: Page, path: string): Promise<T> {
  return page.evaluate<T>(`fetch('/api/v1/${path}').then((answer) => answer.json())`);
}

function statusOf(page: Page, path: string, body?: unknown): Promise<number> {
  const init =
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        };
  return page.evaluate<number>(
    `fetch('/api/v1/${path}', ${JSON.stringify(init)}).then((answer) => answer.status)`,
  );
}
