/** The audit that a browser makes, honest and deceived, and what it shows of the chain. */
import type { Browser, Page } from 'playwright-core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Federation } from '../harness/federation.js';
import { HeartCopy } from '../harness/heart.js';
import { useStage } from '../harness/use-stage.js';
import { axe } from './axe.js';
import { openBrowser, signIn, visit } from './browser.js';

const ROUNDS = 3;
const RECOMPUTED = ['V1', 'V2', 'V3', 'V4', 'V5', 'V7', 'V9', 'V10'];
const ELSEWHERE = ['V6', 'V8', 'V11', 'V12'];
/** Answers every question with yes. */
const YES_VERIFIER = `self.onmessage = () => {
  const passed = ${JSON.stringify(RECOMPUTED)};
  for (const step of passed) {
    postMessage({ kind: 'step', step: { step, title: step, outcome: 'passed', checked: 1 } });
  }
  const result = { genesis: null, head: null, rounds: ${ROUNDS}, committed: ${ROUNDS}, finding: null };
  postMessage({ kind: 'recomputed', script: '', result });
};`;

interface Evidence {
  readonly receipts: readonly string[];
  readonly header: string;
  readonly leaves: string;
}

describe('the audit page', () => {
  let federation: Federation;
  let browser: Browser;
  let run: number;

  useStage(async (stage) => {
    federation = await Federation.start(stage);
    const heart = await HeartCopy.at(stage.path('heart'));
    await federation.populate(heart.sites);
    const spec = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 5'],
    );
    ({ run } = await federation.launch(spec));
    await federation.finished(run);
  });
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  const open = async (page: Page): Promise<void> => signIn(page, federation, `/runs/${run}/audit`);

  /** The coordinator's answer about round 1, changed on the way. */
  const deceive = async (page: Page, change: (evidence: Evidence) => Evidence): Promise<void> => {
    await page.route('**/rounds/1/evidence', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: change(await response.json()) });
    });
  };
  const forgedReceipt = ({ receipts, ...rest }: Evidence): Evidence => ({
    ...rest,
    receipts: receipts.map((receipt, i) => (i === 2 ? flipped(receipt) : receipt)),
  });
  const expectForgery = async (page: Page, timeout: number): Promise<void> => {
    await page.getByText('✗ Round 1 does not fit: receipt of node 2').waitFor({ timeout });
    const failed = page.locator('.step.failed');
    expect(await failed.count()).toBe(1);
    const text = await failed.innerText();
    expect(text).toMatch(/V4.*does not fit/s);
    expect(text).toMatch(/Round\s+1\s+Node\s+2\s+Expected\s+[0-9a-f]{64}\s+Found\s+[0-9a-f]{64}/);
  };

  it('an honest run: every round recomputed by this browser, and what it leaves out', async () => {
    const { page, complaints } = await visit(browser);
    await open(page);
    const sentence = `✓ ${ROUNDS} of ${ROUNDS} rounds recomputed from chain and files, by this browser`;
    await page.getByText(sentence).waitFor();
    const steps = await page.locator('.steps > li').allInnerTexts();
    expect(steps).toHaveLength(12);
    for (const id of RECOMPUTED) {
      expect(steps.find((text) => text.startsWith(`${id} `))).toMatch(/✓ \d+ checked/);
    }
    for (const id of ELSEWHERE) {
      expect(steps.find((text) => text.startsWith(`${id} `))).toContain('not checked here');
    }
    const body = await page.locator('main').innerText();
    expect(body).toContain('cannot clear the coordinator');
    expect(body).toMatch(/SHA-256 [0-9a-f]{64}/);
    expect(body).toContain(`tally audit verify run-${run}`);
    await page.getByRole('button', { name: 'Re-check' }).click();
    await page.getByText(sentence).waitFor();
    expect(complaints).toEqual([]);
  });

  it('a receipt changed on the way: the page names node and round', async () => {
    const { page, complaints } = await visit(browser);
    await deceive(page, forgedReceipt);
    await open(page);
    await expectForgery(page, 20_000);
    expect(complaints).toEqual([]);
  });

  it('mutant: with a verifier that says yes the forgery is not named', async () => {
    const { page } = await visit(browser);
    await deceive(page, forgedReceipt);
    await page.route('**/assets/verifier.worker-*.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: YES_VERIFIER }),
    );
    await open(page);
    await page.getByText(`✓ ${ROUNDS} of ${ROUNDS} rounds recomputed`).waitFor();
    await expect(expectForgery(page, 1_000)).rejects.toThrow(/Timeout/);
  });

  it.each([
    ['leaves', 'V3'],
    ['header', 'V2'],
  ] as const)('%s changed on the way: the page names the round', async (part, step) => {
    const { page } = await visit(browser);
    await deceive(page, (evidence) => ({ ...evidence, [part]: flipped(evidence[part]) }));
    await open(page);
    await page.getByText(`✗ Round 1 does not fit: rounds/0001/${part}.bin`).waitFor();
    expect(await page.locator('.step.failed').innerText()).toMatch(new RegExp(`^${step} `));
  });

  it('a state that the chain does not prove is not believed', async () => {
    const { page } = await visit(browser);
    await page.route('**/api/v1/chain', async (route) => {
      const response = await route.fetch();
      const answers = (await response.json()) as { result?: { proof?: string[] } }[];
      for (const { result } of answers) {
        const [first, ...rest] = result?.proof ?? [];
        if (result?.proof !== undefined && first !== undefined) {
          result.proof = [flipped(first), ...rest];
        }
      }
      await route.fulfill({ response, json: answers });
    });
    await open(page);
    await page.getByText('✗ The chain does not fit: state of block').waitFor();
  });

  it.each(['light', 'dark'] as const)('axe finds nothing, %s', async (scheme) => {
    const { page, complaints } = await visit(browser, { scheme });
    await open(page);
    await page.getByText(`✓ ${ROUNDS} of ${ROUNDS} rounds recomputed`).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole('link', { name: 'Ledger' }).click();
    await page.getByText('items proved by this browser').waitFor();
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('the ledger: heights, cost and decoded items beside their bytes', async () => {
    const { page } = await visit(browser);
    await signIn(page, federation, '/ledger');
    await page.getByText(`✓ ${ROUNDS + 1} items proved by this browser`).waitFor();
    const body = await page.locator('main').innerText();
    expect(body).toMatch(/Finalised block\s+\d+, sealed \d+ s ago/);
    expect(body).toMatch(/Waiting in the outbox\s+0 rounds/);
    expect(await page.locator('tbody tr').count()).toBe(ROUNDS);
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/\d{3,4}/);
    await page.getByText(`Tally.Rounds ${run} 1`).click();
    const item = await page.locator('details[open]').innerText();
    expect(item).toMatch(/included\s+4/);
    expect(item).toMatch(/SCALE\s+[0-9a-f]{200,}/);
    expect(item).not.toContain('[object');
  });

  it('a receipt changed in the database: the page names the round', async () => {
    const database = new pg.Client({ connectionString: await federation.databaseUrl() });
    await database.connect();
    try {
      const { rowCount } = await database.query(
        `UPDATE contributions SET receipt_signature = set_byte(receipt_signature, 0, 255 - get_byte(receipt_signature, 0))
         WHERE run_id = $1 AND round = 1 AND node_id = 2`,
        [run],
      );
      expect(rowCount).toBe(1);
    } finally {
      await database.end();
    }
    const { page } = await visit(browser);
    await open(page);
    await page.getByText('✗ Round 1 does not fit: rounds/0001/leaves.bin').waitFor();
  });
});

/** Flips the lowest bit of the last hex digit. */
function flipped(hex: string): string {
  return hex.slice(0, -1) + (Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16);
}
