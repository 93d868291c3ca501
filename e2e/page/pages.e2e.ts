/** Every page of a federation that has played: what a newcomer sees, no CSP violation, no axe violation, hostile names. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Federation } from '../harness/federation.js';
import { useStage } from '../harness/use-stage.js';
import { axe, overflow } from './axe.js';
import { go, signIn, visit } from './browser.js';
import { openHeart } from './heart-page.js';

/** A heading or text that tells that the page has what it shows. */
const PLACES = [
  ['/', 'heart-disease'],
  ['/runs/0', 'Loss on the sites’ train rows'],
  ['/runs/0?as=table', 'lossBefore'],
  ['/runs/0?show=rounds', 'committed'],
  ['/runs/0?show=nodes', 'cleveland'],
  ['/runs/0?show=spec', 'fedAdagrad'],
  ['/runs/0?show=evidence', 'tally audit verify 0'],
  ['/runs/0/rounds/1', 'contributions'],
  ['/nodes', 'hungarian'],
  ['/compare?runs=0,1', 'result: rounds closed'],
  ['/compare', 'Tick two or more runs'],
  ['/new?from=0', 'no decline known'],
  ['/nowhere', 'Nothing here'],
] as const;

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
    for (const scheme of ['light', 'dark'] as const) {
      const { page, complaints } = await visit(browser, { scheme });
      await page.goto(federation.url);
      await page.getByRole('button', { name: 'Use token' }).waitFor();
      expect({ place: 'sign-in', found: await axe(page) }).toEqual({ place: 'sign-in', found: [] });
      await signIn(page, federation);
      for (const [place, text] of PLACES) {
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

  it('shows `<script>` in run, node and organisation names as text', async () => {
    const { page, complaints } = await visit(browser);
    const evil = `<script>globalThis.robbed = 1</script><img src=x onerror="globalThis.robbed = 1">`;
    await page.route('**/api/v1/**', async (route) => {
      if (!/\/(runs|runs\/0|nodes|members.*)$/.test(route.request().url().split('?')[0] ?? '')) {
        return route.continue();
      }
      const response = await route.fetch();
      const text = (await response.text())
        .replace(/"name":"[^"]*"/g, `"name":${JSON.stringify(evil)}`)
        .replace(/"organisation":"[^"]*"/g, `"organisation":${JSON.stringify(evil)}`);
      return route.fulfill({ response, body: text });
    });
    await signIn(page, federation);
    for (const place of [
      '/',
      '/runs/0',
      '/runs/0?show=nodes',
      '/runs/0/rounds/1',
      '/nodes',
      '/compare?runs=0,1',
    ]) {
      await go(page, place);
      await page.getByText('<script>globalThis.robbed').first().waitFor();
      expect(await page.evaluate('globalThis.robbed')).toBeUndefined();
    }
    expect(complaints).toEqual([]);
  });
});

/** The question before a launch. */
async function openDialog(page: Page): Promise<void> {
  await go(page, '/new');
  await page.getByRole('button', { name: 'Launch' }).click();
  await page.getByRole('dialog').waitFor();
}
