/** Every page of a federation that has played: what a newcomer sees, no CSP violation, no axe violation, hostile names. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Federation } from '../harness/federation.js';
import { useStage } from '../harness/use-stage.js';
import { axe, overflow } from './axe.js';
import { go, signIn, visit } from './browser.js';
import { openHeart } from './heart-page.js';
import { everyPlace, placesOf } from './places.js';

describe('the page', () => {
  let federation: Federation;
  let browser: Browser;
  let spec: string;

  useStage(async (stage) => {
    ({ federation, browser, spec } = await openHeart(stage));
  });
  afterAll(() => browser?.close());

  it('newcomer: sees a run from its first round to its end, without a reload', async () => {
    const { page, complaints } = await visit(browser);
    const { ticket } = await federation.post<{ ticket: string }>('auth/tickets', {});
    await page.goto(`${federation.url}/#ticket=${ticket}`);
    await page.getByRole('link', { name: 'New run' }).first().click();
    await page.getByRole('textbox', { name: 'run.yaml' }).fill(spec);
    await page.getByText('no decline known').first().waitFor();
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('button', { name: 'Launch the run' }).click();
    await page.getByText('round 3/3', { exact: true }).waitFor();
    await page.getByText('✓ 3/3 on chain').waitFor();
    await page.getByText('completed').first().waitFor();
    const rounds = await federation.rounds(0);
    await go(page, '/runs/0?show=rounds');
    const block = String(rounds[2]?.commit?.block);
    await page.getByText(block, { exact: true }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('has no CSP and no axe violation on any page, light and dark, and never scrolls sideways', async () => {
    await federation.launch(spec.replace('rounds: 3', 'rounds: 2'));
    await federation.finished(1);
    const places = await everyPlace();
    for (const scheme of ['light', 'dark'] as const) {
      const { page, complaints } = await visit(browser, { scheme });
      await page.goto(federation.url);
      await page.getByRole('button', { name: 'Use token' }).waitFor();
      expect({ place: 'sign-in', found: await axe(page) }).toEqual({ place: 'sign-in', found: [] });
      await signIn(page, federation);
      for (const { at: place, text } of places) {
        await go(page, place);
        await page.getByText(text).first().waitFor();
        expect({ scheme, place, found: await axe(page) }).toEqual({ scheme, place, found: [] });
        expect({ place, px: await overflow(page) }).toEqual({ place, px: 0 });
      }
      await openDialog(page);
      expect({ scheme, found: await axe(page) }).toEqual({ scheme, found: [] });
      expect(complaints).toEqual([]);
    }
  });

  it('shows `<script>` in every name as text, on every page', async () => {
    const { page, complaints } = await visit(browser);
    const evil = `<script>globalThis.robbed = 1</script><img src=x onerror="globalThis.robbed = 1">`;
    const names = /"(name|organisation|user|owner|group|address|reason|message)":"[^"]*"/g;
    const spoilt = new Set<string>();
    await page.route('**/api/v1/**', async (route) => {
      const path = new URL(route.request().url()).pathname;
      if (/\/(events|specs\/.*|evidence|headers|chain|models\/.*|estimate)$/.test(path)) {
        return route.continue();
      }
      const response = await route.fetch();
      const before = await response.text();
      const after = before.replace(names, (_, name) => `"${name}":${JSON.stringify(evil)}`);
      if (after !== before) spoilt.add(path.replace(/\/\d+/g, '/n'));
      return route.fulfill({ response, body: after });
    });
    await signIn(page, federation);
    for (const { at } of await everyPlace()) {
      await go(page, at);
      await page.locator('h1').waitFor();
      await page.getByText('Loading').waitFor({ state: 'detached' });
      await page.getByText('<script>globalThis.robbed').first().waitFor();
      expect({ at, robbed: await page.evaluate('globalThis.robbed') }).toEqual({ at });
    }
    for (const path of [
      'runs',
      'runs/n',
      'runs/n/rounds/n/members',
      'nodes',
      'sessions',
      'people',
    ]) {
      expect([...spoilt]).toContain(`/api/v1/${path}`);
    }
    expect(complaints).toEqual([]);
  });
});

it('mutant: a page that is looked at nowhere fails the loop', () => {
  const page = { path: '/fresh', title: 'Fresh', permission: 'run.read' };
  expect(() => placesOf([page])).toThrow('/fresh is looked at nowhere');
});

/** The question before a launch. */
async function openDialog(page: Page): Promise<void> {
  await go(page, '/new');
  await page.getByRole('button', { name: 'Launch' }).click();
  await page.getByRole('dialog').waitFor();
}
