/** A newcomer opens the page of a fresh deployment. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation } from '../harness/federation.js';
import { useStage } from '../harness/use-stage.js';
import { openBrowser, signIn, visit } from './browser.js';

describe('a newcomer at the page', () => {
  let federation: Federation;
  let browser: Browser;

  useStage(async (stage) => {
    federation = await Federation.start(stage);
  });
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  it('signs in and finds the list of runs', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page, federation);
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    expect(await page.title()).toBe('Runs · Tallystick');
    expect(complaints).toEqual([]);
  });
});
