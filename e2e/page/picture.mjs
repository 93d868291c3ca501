// @ts-check
/**
 * The README's picture of the page: plays the demo for real, opens its run in Chromium and writes docs/images/run-page.png.
 *
 *   node e2e/page/picture.mjs
 *
 * Needs `script` of util-linux: without a terminal the demo stops after its verdict.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PICTURE = join(ROOT, 'docs/images/run-page.png');
const LIMIT_MS = 180_000;

const data = mkdtempSync(join(tmpdir(), 'tally-picture-'));
const command = `node apps/cli/bin/tally.mjs demo --data ${data} --port 0 --chain-port 0`;
const demo = spawn('script', ['-qec', command, '/dev/null'], { cwd: ROOT });
const limit = setTimeout(() => demo.kill(), LIMIT_MS);

/** The sign-in link, once the demo has its verdict and stays. */
async function linkOf() {
  let text = '';
  for await (const piece of demo.stdout) {
    text += stripVTControlCharacters(String(piece));
    const link = /sign in\s+(http:\S+#ticket=\S+)/.exec(text)?.[1];
    if (link !== undefined && text.includes('VERIFIED')) return link;
  }
  throw new Error(`the demo ended: ${text.slice(-500)}`);
}

try {
  const link = await linkOf();
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((arg) => arg !== '--single-process'), '--no-sandbox'],
  });
  const viewport = { width: 1280, height: 860 };
  const context = await browser.newContext({ viewport, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole('link', { name: 'heart-disease' }).first().click();
  await page.locator('canvas').nth(1).waitFor();
  await page.screenshot({ path: PICTURE });
  await browser.close();
} finally {
  clearTimeout(limit);
  demo.stdin.write('\u0003');
  await once(demo, 'close');
  rmSync(data, { recursive: true, force: true });
}
