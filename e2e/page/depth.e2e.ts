/** The page without a mouse, on a narrow window, while the coordinator dies, and with a history of 5,000 rounds. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Federation } from '../harness/federation.js';
import { useStage } from '../harness/use-stage.js';
import { overflow } from './axe.js';
import { go, signIn, visit } from './browser.js';
import { openHeart } from './heart-page.js';
import { answerWithHistory } from './history.js';
import { everyPlace } from './places.js';
import { press, tabTo } from './keyboard.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const ROUNDS = 5_000;
const SITES = 8;

describe.runIf(isFull)('the page, in depth', () => {
  let federation: Federation;
  let browser: Browser;
  let spec: string;

  useStage(async (stage) => {
    ({ federation, browser, spec } = await openHeart(stage));
  });
  afterAll(() => browser?.close());

  it('keyboard: launches, stops, compares and audits without a pointer', async () => {
    const { page } = await visit(browser);
    await signIn(page, federation);
    for (const run of [0, 1]) {
      await press(page, 'New run', 'Enter');
      await tabTo(page, 'run.yaml');
      await page.keyboard.press('Control+a');
      await page.keyboard.insertText(spec.replace('rounds: 3', 'rounds: 400'));
      await page.getByText('no decline known').first().waitFor();
      await press(page, 'Launch', 'Enter');
      await press(page, 'Launch the run', 'Enter');
      await page.getByText(`run ${run}`, { exact: true }).waitFor();
      await page.getByText('round 1/400').waitFor();
      await press(page, 'Stop', 'Enter');
      await press(page, 'Stop the run', 'Enter');
      await page.getByText('cancelled').first().waitFor();
    }
    await press(page, 'Runs', 'Enter');
    await press(page, 'Compare run 1 heart-disease', ' ');
    await press(page, 'Compare run 0 heart-disease', ' ');
    await press(page, 'Compare 2', 'Enter');
    await page.getByRole('heading', { name: 'Compare 2 runs' }).waitFor();
    await press(page, 'Runs', 'Enter');
    await press(page, 'Audit heart-disease, run 1', 'Enter');
    await page.getByText('rounds recomputed from chain').waitFor();
    await press(page, 'Re-check', 'Enter');
    await page.getByText('rounds recomputed from chain').waitFor();
  });

  it('says “reconnecting” when the coordinator is killed, then goes on without a reload or a row twice', async () => {
    const { run } = await federation.launch(spec.replace('rounds: 3', 'rounds: 60'));
    const { page } = await visit(browser);
    await signIn(page, federation, `/runs/${run}?show=rounds`);
    await page.evaluate('globalThis.isSame = true');
    await page.getByText('live', { exact: false }).first().waitFor();
    await page.getByRole('link', { name: '2', exact: true }).waitFor();
    await federation.kill('coordinator');
    await page.locator('[data-link="reconnecting"]').waitFor();
    await page.locator('[data-link="live"]').waitFor({ timeout: 60_000 });
    await page.getByText('round 60/60').waitFor({ timeout: 120_000 });
    const shown = await page
      .getByRole('region', { name: 'Rounds' })
      .getByRole('link')
      .allTextContents();
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown[0]).toBe('59');
    expect(await page.evaluate('globalThis.isSame')).toBe(true);
  });

  it('shows an event within a second of the coordinator having it', async () => {
    const { run } = await federation.launch(spec.replace('rounds: 3', 'rounds: 30'));
    const { page } = await visit(browser);
    await signIn(page, federation, `/runs/${run}`);
    await page.evaluate(`
      globalThis.shown = {};
      new MutationObserver(() => {
        const round = /round (\\d+)\\//.exec(document.querySelector('.strip')?.textContent ?? '')?.[1];
        if (round !== undefined) globalThis.shown[round] ??= Date.now();
      }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true })`);
    await page.getByText('round 30/30').waitFor({ timeout: 120_000 });
    const shown = await page.evaluate<Record<string, number>>('globalThis.shown');
    const closed = await federation.get<{ closedAtMs: number[] }>(`runs/${run}/curves`);
    const lags = closed.closedAtMs.flatMap((at, i) => {
      const seen = shown[String(i + 1)];
      return seen === undefined ? [] : [seen - at];
    });
    process.stderr.write(`event to screen, ms: ${lags.toSorted((a, b) => a - b).join(' ')}\n`);
    expect(lags.length).toBeGreaterThan(5);
    expect(Math.max(...lags)).toBeLessThanOrEqual(1_000);
  });

  it('stays whole at 320 px and at 200 % zoom', async () => {
    for (const width of [320, 640]) {
      const { page } = await visit(browser, { width, height: 640 });
      await signIn(page, federation);
      for (const { at: place } of await everyPlace()) {
        await go(page, place);
        await page.locator('h1').waitFor();
        await page.getByText('Loading').waitFor({ state: 'detached' });
        expect({ width, place, px: await overflow(page) }).toEqual({ width, place, px: 0 });
      }
    }
  });

  it('shows 5,000 rounds of 8 sites within a second, and does not grow under a stream of events', async () => {
    const { page } = await visit(browser);
    const history = await answerWithHistory(page, { rounds: ROUNDS, sites: SITES });
    await signIn(page, federation);
    const startMs = performance.now();
    await go(page, '/runs/0');
    await page.getByText('8 sites').first().waitFor();
    await page.locator('.chart canvas').nth(3).waitFor();
    const tookMs = performance.now() - startMs;
    await go(page, '/runs/0?show=rounds');
    await page.getByRole('link', { name: String(ROUNDS - 1), exact: true }).waitFor();
    await page.evaluate(
      `document.querySelector('[role=region][aria-label=Rounds]').scrollTop = 90000`,
    );
    await page.getByRole('link', { name: '2500', exact: true }).waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    await go(page, '/runs/0');
    await history.stream(1_000);
    const before = await heapOf(page);
    await history.stream(4_000);
    await page.getByText('Loss on the sites’ train rows').waitFor();
    const after = await heapOf(page);
    process.stderr.write(`5,000 × 8: ${tookMs.toFixed(0)} ms; heap ${before} → ${after} bytes\n`);
    expect(after - before).toBeLessThan(2_000_000);
    expect(tookMs).toBeLessThan(1_000);
  });
});

/** Bytes of live JavaScript objects, after a collection. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
