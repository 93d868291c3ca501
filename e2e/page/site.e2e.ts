/**
 * The page of a site, served by its node: a task before and after it ran, a decline in words, consent and withdrawal, and
 * everything by which another page could come near it.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation } from '../harness/federation.js';
import { HeartCopy, type Site } from '../harness/heart.js';
import { TASK } from '../harness/records.js';
import { until } from '../harness/until.js';
import { useStage } from '../harness/use-stage.js';
import { axe, overflow } from './axe.js';
import { go, openBrowser, visit } from './browser.js';
import { press } from './keyboard.js';

const OWN = 'va';
const OTHERS = ['cleveland', 'hungarian', 'switzerland'] as const;
const ROUNDS = 12;
const NODE_BYTES = 16;
const REBOUND = 'evil.example';
/** A heading or text that tells that the page has what it shows. */
const PLACES = [
  ['/', 'heart-disease #0, round 0'],
  ['/tasks/0/0', 'What was asked'],
  ['/data', 'Columns of heart'],
  ['/policy', 'Who this site is'],
  ['/consent', 'all rounds, until'],
  ['/evidence', 'None was found'],
  ['/earnings', 'In smallest amounts'],
  ['/log', 'link.welcome'],
  ['/nowhere', 'Nothing here'],
] as const;

describe('the page of a site', () => {
  let federation: Federation;
  let browser: Browser;
  let edited: string;
  let run: number;
  const stage = useStage(async (opened) => {
    federation = await Federation.start(opened);
    const heart = await HeartCopy.at(opened.path('heart'));
    for (const site of heart.sites) await federation.join(yamlOf(site));
    await Promise.all(heart.sites.map(({ name }) => federation.startNode(name)));
    edited = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 5'],
      [/min: \d+/, 'min: 3'],
      [/deadlineMs: \d+/, 'deadlineMs: 200000'],
    );
  });
  beforeAll(async () => {
    browser = await openBrowser(`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`);
  });
  afterAll(() => browser?.close());

  /** The others allow one purpose more; this site reaches the chain itself. */
  const yamlOf = (site: Site): Site => ({
    ...site,
    nodeYaml: (coordinator) =>
      site.name === OWN
        ? `${site.nodeYaml(coordinator)}chain: ${federation.chainUrl}\n`
        : site.nodeYaml(coordinator).replace('["DUO:0000007"]', '["DUO:0000007", "DUO:0000042"]'),
  });

  /** What `tally node page` prints. */
  const link = async (): Promise<string> => {
    const told = await stage().run(['node', 'page', '--folder', federation.folderOf(OWN)]);
    expect(told.code, told.stderr).toBe(0);
    return told.json<{ link: string }>().link;
  };

  const signIn = async (page: Page, place = '/'): Promise<void> => {
    await page.goto(await link());
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    if (place !== '/') await go(page, place);
  };

  const intakeOf = (page: Page): Promise<unknown> =>
    page.evaluate(`fetch('/api/v1/site', {
      headers: { authorization: 'Bearer ' + sessionStorage.getItem('tally-site-session') }
    }).then((answer) => answer.json()).then((site) => site.intake.state)`);

  it('shows a task before it runs and after it ran', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page);
    await page.getByText('Nobody has asked this site').waitFor();
    const slow = edited
      .replace(/^rounds: .*$/m, 'rounds: 1')
      .replace(/^ {2}steps: .*$/m, '  steps: 20000');
    const launched = await federation.launch(slow);
    await page.getByRole('link', { name: 'heart-disease #0, round 0' }).click();
    await page.getByText('training').waitFor();
    await page.getByText('It learns num above 0 from 10 columns of the data set heart').waitFor();
    await page.getByText('for research on a disease (DUO:0000007)').waitFor();
    await page.getByText('It is not masked').waitFor();
    const sent = page.getByRole('region', { name: 'Sent' });
    expect(await sent.innerText()).toContain('nothing');
    await page.getByText('✓ counted').waitFor({ timeout: 180_000 });
    const [own] = await federation.finished(launched.run);
    expect(own?.included).toBe(4);
    await expect.poll(() => sent.innerText()).toMatch(/Rows trained on\s+\d+/);
    expect(complaints).toEqual([]);
  });

  it('says in words why it declined, while the others train', async () => {
    const other = edited
      .replace('DUO:0000007', 'DUO:0000042')
      .replace(/^rounds: .*$/m, 'rounds: 1');
    const { run: declined } = await federation.launch(other);
    const [round] = await federation.finished(declined);
    expect(round?.included).toBe(3);
    const { page } = await visit(browser);
    await signIn(page, `/tasks/${declined}/0`);
    await page.getByText('Why this site declined').waitFor();
    await page
      .getByText('the site does not allow purpose DUO:0000042 (allowed: DUO:0000007)')
      .waitFor();
    await page.getByText('for general research (DUO:0000042)').waitFor();
    expect(await page.getByRole('region', { name: 'Sent' }).innerText()).toContain('nothing');
  });

  it('gives a consent that the chain then holds', async () => {
    const spec = `${edited}consent: required\n`;
    ({ run } = await federation.launch(spec));
    await federation.post(`runs/${run}/pause`, {});
    for (const name of OTHERS) {
      const where = ['--folder', federation.folderOf(name), '--data', federation.data];
      const granted = ['node', 'consent', 'grant', String(run), '--until', '2099-12-31', ...where];
      const told = await stage().run(granted, { name: `consent ${name}` });
      expect(told.code, told.stderr).toBe(0);
    }
    const { page, complaints } = await visit(browser);
    await signIn(page, '/consent');
    await page.getByLabel('Run', { exact: true }).fill(String(run));
    await page.getByLabel('until the end of').fill('2099-12-31');
    await page.getByRole('button', { name: 'Give consent' }).click();
    await page.getByText('It is on the chain.').waitFor();
    const row = page.getByRole('row').filter({ hasText: `#${run}` });
    await expect.poll(() => row.getByText('all rounds, until 2099-12-31').count()).toBe(2);
    await federation.post(`runs/${run}/resume`, {});
    await until('two rounds are closed', async () =>
      (await federation.run(run)).closedRounds >= 2 ? true : undefined,
    );
    await federation.post(`runs/${run}/pause`, {});
    await until('the open round is closed', async () =>
      (await federation.run(run)).current === null ? true : undefined,
    );
    expect(complaints).toEqual([]);
  });

  it('has no CSP and no axe violation, light and dark, and never scrolls sideways', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page, complaints } = await visit(browser, { scheme });
      await page.goto(new URL('/', await link()).href);
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      expect({ place: 'sign-in', found: await axe(page) }).toEqual({ place: 'sign-in', found: [] });
      await signIn(page);
      for (const [place, text] of PLACES) {
        await go(page, place);
        await page.getByText(text).first().waitFor();
        expect({ scheme, place, found: await axe(page) }).toEqual({ scheme, place, found: [] });
        expect({ place, px: await overflow(page) }).toEqual({ place, px: 0 });
      }
      await page.getByRole('button', { name: 'Withdraw' }).click();
      await page.getByRole('dialog').waitFor();
      expect({ scheme, found: await axe(page) }).toEqual({ scheme, found: [] });
      expect(complaints).toEqual([]);
      // both judges see what is wrong when something is
      await page
        .evaluate(`document.querySelector('h1').innerHTML = '<img src="http://evil.example/x">'`)
        .catch(() => undefined);
      await page.evaluate(`document.querySelector('dialog button').textContent = ''`);
      expect(await axe(page)).not.toEqual([]);
      expect(complaints).not.toEqual([]);
    }
  });

  it('shows `<script>` in the names of a data set, its columns, a run and the site as text', async () => {
    const { page, complaints } = await visit(browser);
    const evil = `<script>globalThis.robbed = 1</script><img src=x onerror="globalThis.robbed = 1">`;
    await page.route('**/api/v1/**', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      const body = (await response.text()).replace(
        /"(name|label|dataset|message|text|organisation)":"[^"]*"/g,
        (_all, key: string) => `"${key}":${JSON.stringify(evil)}`,
      );
      return route.fulfill({ response, body: body.replace('"age"', JSON.stringify(evil)) });
    });
    await signIn(page);
    for (const place of ['/', '/tasks/0/0', '/data', '/policy', '/consent', '/log']) {
      await go(page, place);
      await page.getByText('<script>globalThis.robbed').first().waitFor();
      expect(await page.evaluate('globalThis.robbed')).toBeUndefined();
    }
    expect(complaints).toEqual([]);
  });

  it('is open once a link, and to no page that comes from elsewhere', async () => {
    const { page } = await visit(browser);
    const ticket = await link();
    await page.goto(ticket);
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(page.url()).not.toContain('ticket');
    const { page: second } = await visit(browser);
    await second.goto(ticket);
    await second.getByText('the sign-in was refused').waitFor();
    const { origin, port } = new URL(ticket);
    const rebound = await second.goto(`http://${REBOUND}:${port}/`);
    expect(rebound?.status()).toBe(403);
    const elsewhere = await servePage(attackOn(origin));
    await second.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    await second.getByText('read: refused').waitFor();
    await second.getByText('acted').waitFor();
    elsewhere.close();
    expect(await intakeOf(page)).toBe('open');
  });

  it('keyboard: pauses, goes on and withdraws; then it is in no later round', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page);
    await press(page, 'Pause', 'Enter');
    await page.getByText('paused').first().waitFor();
    expect(await intakeOf(page)).toBe('paused');
    await press(page, 'Take tasks again', 'Enter');
    await page.getByText('taking tasks').waitFor();
    await press(page, 'Withdraw', 'Enter');
    await page.getByText('The consents of 1 run are revoked').waitFor();
    await press(page, 'Withdraw now', 'Enter');
    await page.getByText('Revoked on the chain: 1.').waitFor();
    await page.getByText('■ withdrawn').waitFor();
    await go(page, '/consent');
    const revoked = page.getByText(/^revoked at block \d+$/);
    await expect.poll(() => revoked.count()).toBe(2);
    const block = Number(/\d+/.exec((await revoked.allTextContents())[1] ?? '')?.[0]);
    await federation.post(`runs/${run}/resume`, {});
    const cohorts = await cohortsOf(await federation.finished(run));
    const nodesOf = (which: (atBlock: number) => boolean): Set<number> =>
      new Set(cohorts.filter(({ atBlock }) => which(atBlock)).map(({ nodes }) => nodes));
    expect(nodesOf((atBlock) => atBlock < block)).toContain(4);
    expect(nodesOf((atBlock) => atBlock >= block)).toEqual(new Set([3]));
    await expectNoneOfAnyRun();
    expect(complaints).toEqual([]);
  });

  /** A run that asks for no consent still asks the site, which declines. */
  async function expectNoneOfAnyRun(): Promise<void> {
    const { run: free } = await federation.launch(edited.replace(/^rounds: .*$/m, 'rounds: 2'));
    const rounds = await federation.finished(free);
    expect(rounds.map(({ included }) => included)).toEqual([3, 3]);
  }

  function cohortsOf(rounds: readonly { readonly round: number }[]) {
    return Promise.all(
      rounds.map(async ({ round }) => {
        const path = `runs/${run}/rounds/${round}/evidence`;
        const { task, cohort } = await federation.get<{ task: string; cohort: string }>(path);
        const { atBlock } = TASK.decode(Buffer.from(task, 'hex')) as { atBlock: number };
        return { atBlock, nodes: cohort.length / 2 / NODE_BYTES };
      }),
    );
  }
});

/** A page on another port of this machine that reads and acts as far as a browser lets it. */
function attackOn(origin: string): string {
  return `<!doctype html><p id="read"></p><p id="acted"></p><iframe name="f"></iframe>
<form method="post" target="f" action="${origin}/api/v1/withdraw" enctype="text/plain"><input name='{"x":"' value='"}'></form>
<script>
  document.forms[0].submit();
  const post = { method: 'POST', mode: 'no-cors', body: '{}', credentials: 'include' };
  fetch('${origin}/api/v1/site').then((a) => a.ok ? 'open' : 'refused', () => 'refused')
    .then((how) => { document.querySelector('#read').textContent = 'read: ' + how; });
  Promise.allSettled(['withdraw', 'intake'].map((act) => fetch('${origin}/api/v1/' + act, post)))
    .then(() => { document.querySelector('#acted').textContent = 'acted'; });
</script>`;
}

async function servePage(html: string): Promise<Server> {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end(html),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
