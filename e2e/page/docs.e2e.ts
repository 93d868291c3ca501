/** The documentation as its readers meet it: from a disk, light and dark, on a narrow screen, without a script. Full tier. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSite } from '../../tools/docs-site.mjs';
import { axe, overflow } from './axe.js';
import { openBrowser, visit } from './browser.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const TIMEOUT_MS = 300_000;

describe.runIf(isFull)('the documentation', () => {
  let folder = '';
  let pages: readonly string[] = [];
  let browser: Browser;
  const at = (page: string): string => pathToFileURL(join(folder, page)).href;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-docs-'));
    pages = writeSite(folder);
    browser = await openBrowser();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  it.each(['light', 'dark'] as const)(
    'has no axe violation and no sideways scrolling at 320 px, %s',
    async (scheme) => {
      const { page, complaints } = await visit(browser, { scheme, width: 320 });
      const faults: string[] = [];
      for (const path of pages) {
        await page.goto(at(path));
        const wider = await overflow(page);
        if (wider > 0) faults.push(`${path}: ${wider} pixels too wide`);
        faults.push(...(await axe(page)).map((fault) => `${path}: ${fault}`));
      }
      expect([...faults, ...complaints]).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('finds an error by its code and goes to its place', async () => {
    const { page } = await visit(browser);
    await page.goto(at('docs/tutorials/newcomer.html'));
    await page.getByRole('searchbox').fill('net_busy');
    await page.getByRole('link', { name: /NET_BUSY/ }).click();
    await page.locator('tr#NET_BUSY:target').waitFor();
    expect(page.url()).toBe(`${at('docs/errors.html')}#NET_BUSY`);
  });
});
