/** What goes wrong around the page, and what is typed into it: words for each, nothing lost, and it goes on by itself. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Federation } from '../harness/federation.js';
import type { Stage } from '../harness/stage.js';
import { useStage } from '../harness/use-stage.js';
import { go, signIn, visit } from './browser.js';
import { openHeart } from './heart-page.js';
import { everyPlace } from './places.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const EXIT_UNAVAILABLE = 69;
/** Longest wait of the supervisor before it starts a server again. */
const BACK_MS = 60_000;

describe.runIf(isFull)('trouble on the page', () => {
  let federation: Federation;
  let browser: Browser;
  let spec: string;
  let stage: Stage;

  useStage(async (opened) => {
    stage = opened;
    ({ federation, browser, spec } = await openHeart(opened));
    for (let run = 0; run < 2; run++) await federation.launch(spec);
    await federation.finished(1);
  });
  afterAll(() => browser?.close());

  /** Kills a server and keeps its supervisor from starting it again while `look` looks. */
  const without = async (
    role: 'coordinator' | 'chain' | 'postgres',
    look: () => Promise<void>,
  ): Promise<void> => {
    const { pid } = federation.up;
    process.kill(pid, 'SIGSTOP');
    try {
      await federation.kill(role);
      await look();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  };
  const cli = (...args: readonly string[]) =>
    stage.run([...args, '--data', federation.data, '--json'], { name: args.join(' ') });

  it('the database is away: said on the page and in the CLI, and back without a reload', async () => {
    const { page } = await visit(browser);
    await signIn(page, federation);
    await page.getByRole('link', { name: /heart-disease #1/ }).waitFor();
    await page.evaluate('globalThis.isSame = true');
    await without('postgres', async () => {
      await page.getByRole('alert').getByText('STORE_DATABASE').waitFor();
      expect(await page.getByRole('link', { name: /heart-disease #1/ }).count()).toBe(1);
      const ended = await cli('run', 'list');
      expect(ended.code).not.toBe(0);
      expect(ended.json<{ error: object }>().error).toMatchObject({
        code: 'STORE_DATABASE',
        hint: expect.stringMatching(/.+/),
      });
    });
    await page.getByRole('alert').waitFor({ state: 'detached', timeout: BACK_MS });
    expect(await page.evaluate('globalThis.isSame')).toBe(true);
    expect((await federation.rounds(1)).map(({ round }) => round)).toEqual([0, 1, 2]);
  });

  it('the chain is away: the ledger says so, runs are shown, and it is back by itself', async () => {
    const { page } = await visit(browser);
    await signIn(page, federation, '/ledger');
    await page.getByText('Finalised block').waitFor();
    await without('chain', async () => {
      await page.getByRole('alert').getByText('LEDGER_UNREACHABLE').waitFor();
      await go(page, '/');
      await page.getByRole('link', { name: /heart-disease #1/ }).waitFor();
      const listed = await cli('run', 'list');
      expect(listed.code).toBe(0);
      const launched = await federation.refusal('runs', {
        method: 'POST',
        body: JSON.stringify({ spec }),
      });
      expect(launched).toMatchObject({ status: 503, code: 'LEDGER_UNREACHABLE' });
    });
    await go(page, '/ledger');
    await page.getByText(/sealed \d+ s ago/).waitFor({ timeout: BACK_MS });
    await page.getByRole('alert').waitFor({ state: 'detached', timeout: BACK_MS });
  });

  it('the coordinator is away: said on the page and in the CLI, and back without a reload', async () => {
    const { page } = await visit(browser);
    const ahead = page.waitForResponse(/nodes-page/);
    await signIn(page, federation, '/new');
    const editor = page.getByRole('textbox', { name: 'run.yaml' });
    await editor.fill(`${spec}# typed before\n`);
    await page.evaluate('globalThis.isSame = true');
    await ahead;
    await without('coordinator', async () => {
      await page.getByRole('button', { name: 'Launch' }).click();
      await page.getByRole('button', { name: 'Launch the run' }).click();
      await page.getByRole('alert').getByText('OFFLINE').first().waitFor();
      const ended = await cli('run', 'list');
      expect(ended.code).toBe(EXIT_UNAVAILABLE);
      expect(ended.json<{ error: object }>().error).toMatchObject({ code: 'NET_UNREACHABLE' });
    });
    await go(page, '/nodes');
    await page.getByText('4 of 4 online').waitFor({ timeout: BACK_MS });
    expect(await page.evaluate('globalThis.isSame')).toBe(true);
    expect((await federation.get<{ runs: readonly unknown[] }>('runs')).runs).toHaveLength(2);
  });

  it.each([
    ['STORE_DISK_FULL', 507, 'the disk is full'],
    ['NET_BUSY', 503, 'too many'],
    ['PROTO_TOO_LARGE', 413, 'too large'],
  ])('%s is shown with what to do, and what was typed stays', async (code, status, message) => {
    const { page } = await visit(browser);
    await signIn(page, federation, '/new');
    const editor = page.getByRole('textbox', { name: 'run.yaml' });
    await editor.fill(`${spec}# typed before\n`);
    const hint = 'the one thing to do';
    await page.route('**/api/v1/runs', (route) =>
      route.fulfill({ status, json: { error: { code, message, hint } } }),
    );
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('button', { name: 'Launch the run' }).click();
    const alert = page.getByRole('alert').filter({ hasText: code });
    expect(await alert.innerText()).toContain(hint);
    expect(await editor.inputValue()).toContain('# typed before');
  });

  it.each([
    ['an alias bomb', bomb(), /alias|anchor/],
    ['100,000 brackets', '['.repeat(100_000), /nested deeper/],
    ['two megabytes', `name: ${'x'.repeat(2_000_000)}`, /too large|at most|longer|bytes/],
    ['100,000 lines', 'x\n'.repeat(100_000), /./],
    ['a prototype', '__proto__: { admin: true }\nconstructor: x', /__proto__ is not a known key/],
    ['control characters', 'name: "\\u0000\\u202e"\n', /name/],
    ['a tag', '!!js/function "alert(1)"', /tag/],
  ])(
    'hostile YAML, %s: a fault in words at its line, and the page stays awake',
    async (_, text, said) => {
      const { page, complaints } = await visit(browser);
      await signIn(page, federation, '/new');
      await paste(page, text);
      const faults = page.locator('.faults');
      await faults.waitFor();
      expect(await faults.innerText()).toMatch(said);
      expect(await page.getByRole('button', { name: 'Launch' }).isDisabled()).toBe(true);
      await paste(page, spec);
      await page.getByText('no decline known').first().waitFor();
      expect(complaints).toEqual([]);
    },
  );

  it('hostile query strings change nothing but what is shown', async () => {
    const { page, complaints } = await visit(browser);
    await signIn(page, federation);
    const evil = [
      '<script>globalThis.robbed=1</script>',
      '__proto__',
      '%00%ff%',
      '-1',
      '99999999999999999999',
      '1e9',
      'x'.repeat(20_000),
    ];
    const names = ['sort', 'find', 'show', 'as', 'metric', 'run', 'runs', 'from', 'after'];
    for (const { at } of await everyPlace()) {
      const [path = ''] = at.split('?');
      for (const value of evil) {
        const query = names.map(
          (name) => `${name}=${value.replace(/[<>#&]/g, encodeURIComponent)}`,
        );
        await go(page, `${path}?${query.join('&')}`);
        await page.locator('h1, [role=alert]').first().waitFor();
        expect({ path, robbed: await page.evaluate('globalThis.robbed') }).toEqual({ path });
        expect(await page.getByText('This page failed').count(), `${path} ${value}`).toBe(0);
      }
    }
    for (const path of [
      'runs/-1',
      'runs/1e99',
      'runs/0/rounds/x',
      'runs/0/curves?metric=%27%3B--',
    ]) {
      expect((await federation.refusal(path, {})).status, path).toBe(400);
    }
    expect(complaints).toEqual([]);
  });
});

/** Sets the text as a paste does: `fill` types two megabytes for minutes. */
async function paste(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'run.yaml' }).evaluate((field, value) => {
    const area = field as unknown as { value: string; dispatchEvent(event: unknown): void };
    const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(area), 'value') ?? {};
    set?.call(area, value);
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }, text);
}

/** Nine levels of nine: 387 million words when it is unfolded. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'
      : `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`,
  );
  return levels.join('\n');
}
