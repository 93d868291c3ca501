import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright, type Page } from 'playwright-core';
import type { Federation } from '../harness/federation.js';

/** Longest wait for anything to appear. */
const APPEAR_MS = 20_000;

/** Chromium from npm, without a window; close it after the tests. The first start unpacks it (about 2 s). */
export async function openBrowser(...more: readonly string[]): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((arg) => arg !== '--single-process'), '--no-sandbox', ...more],
    headless: true,
  });
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

/** A window of its own. Everything that the page logs as an error, and every violation of its CSP, is in `complaints`. */
export interface Visit {
  readonly page: Page;
  readonly complaints: string[];
}

export async function visit(browser: Browser, look: Look = {}): Promise<Visit> {
  const { width = 1280, height = 800, scheme = 'light' } = look;
  // The language of a machine without one is no language tag, and Intl throws.
  const locale = 'en-GB';
  const viewport = { width, height };
  const context = await browser.newContext({ viewport, colorScheme: scheme, locale });
  const page = await context.newPage();
  page.setDefaultTimeout(APPEAR_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`pageerror: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (text.includes('Content Security Policy') || text.includes('TrustedHTML')) {
      complaints.push(text);
    }
  });
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) =>
       console.error('Content Security Policy: ' + event.violatedDirective + ' ' + event.blockedURI))`,
  );
  return { page, complaints };
}

/** Opens `path` of the federation's page and signs in with the operator's token. */
export async function signIn(page: Page, federation: Federation, path = '/'): Promise<void> {
  await page.goto(`${federation.url}${path}`);
  await page.getByLabel('API token').fill(federation.token);
  await page.getByRole('button', { name: 'Use token' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Goes to a place within the page, as a link does: the window, its stream and its token stay. */
export async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(place)})`);
  await page.evaluate(`dispatchEvent(new PopStateEvent('popstate'))`);
}
