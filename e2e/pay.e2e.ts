/**
 * Pay by contribution, from launch to claim by the command line, with one site that only sends back what the last round
 * did: the public file that updates are measured on comes with the launch, an outsider computes every payout from the
 * bundle alone, and whoever measures again finds the same.
 *
 * TALLY_E2E_FULL=1 adds what pay is bounded by: a cap, and an objection, whose windows take a minute.
 */
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rewards, RunView } from './harness/api-types.js';
import { DigitsCopy } from './harness/digits.js';
import { Federation } from './harness/federation.js';
import { ROOT, type Ended } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const SITES = 5;
const FREE_RIDER = `site-0${SITES}`;
/** The first two sites are one organisation's, and paid on one account. */
const organisationOf = (site: string): string => (/0[12]$/.test(site) ? 'north' : site);
const ROUNDS = 6;
const POT_UNITS = 1_000n;
const UNIT = 10n ** 12n;
const POT = POT_UNITS * UNIT;
/** A site that is in no run: its rows are everybody's. */
const PUBLIC = join(ROOT, 'examples/optdigits/sites/site-20/digits.csv');
/** Time to object, for a command that starts while other work is under way. */
const OBJECTION_MS = 30_000;
/** Exit codes: what V10 and V11 find, and bad input. */
const EXIT = { V10: 10, V11: 11, usage: 64, config: 78 };

interface Preview {
  readonly refund: string;
  readonly epochs: readonly { readonly isSettled: boolean }[];
  readonly entitlements: readonly { account: string; cumulative: string }[];
}

interface Audit {
  readonly verdict: string;
  readonly finding: { readonly step: string; readonly record: string; readonly by: string } | null;
  readonly steps: readonly { readonly step: string; readonly outcome: string }[];
}

const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
const sum = (amounts: readonly string[]): bigint =>
  amounts.reduce((total, amount) => total + BigInt(amount), 0n);

describe('pay', () => {
  let federation: Federation;
  let digits: DigitsCopy;
  let run: number;
  let validation: string;
  let bundle: string;
  const stage = useStage(async (opened) => {
    digits = await DigitsCopy.at(opened.path('digits'), SITES);
    federation = await Federation.start(opened);
    for (const site of digits.sites) {
      const organisation = organisationOf(site.name);
      const body = { organisation, payout: sha256(organisation) };
      const { token } = await federation.post<{ token: string }>('invites', body);
      await federation.join(site, token);
    }
    const attackOf = (name: string) => (name === FREE_RIDER ? 'replay' : undefined);
    await Promise.all(digits.sites.map(({ name }) => federation.startNode(name, attackOf(name))));
    validation = opened.path('set.csv');
    await cp(PUBLIC, validation);
    bundle = opened.path('bundle');
  });

  const tally = (...args: readonly string[]): Promise<Ended> =>
    stage().run([...args, '--data', federation.data]);

  async function done<T>(...args: readonly string[]): Promise<T> {
    const told = await tally(...args);
    expect(told.code, told.stderr).toBe(0);
    return told.json<T>();
  }

  async function launched(name: string, payout: string, ...flags: readonly string[]) {
    const { file } = await digits.write(name, ROUNDS, `payout: ${payout}`);
    const args = ['run', 'launch', file, '--pot', String(POT_UNITS), ...flags];
    return (await done<RunView>(...args)).run;
  }

  const show = (of: number): Promise<Rewards> => done<Rewards>('rewards', 'show', String(of));
  const settled = (of: number): Promise<Rewards> =>
    until(
      'the last epoch is final',
      async () => {
        const now = await show(of);
        return now.claimable === null ? undefined : now;
      },
      120_000,
    );

  /** The bundle and nothing else: no data folder, no coordinator. */
  const outside = (...args: readonly string[]): Promise<Ended> => stage().run(args);
  const verify = (folder: string, ...flags: readonly string[]): Promise<Ended> => {
    const logs = digits.sites.map(({ name }) => join(federation.folderOf(name), 'receipts.log'));
    const anchors = logs.flatMap((log) => ['--as-node', log]);
    return outside('audit', 'verify', folder, ...anchors, ...flags);
  };

  async function spoilt(name: string, edit: (folder: string) => Promise<void>): Promise<string> {
    const folder = stage().path(name);
    await cp(bundle, folder, { recursive: true });
    await edit(folder);
    return folder;
  }

  it('is refused without the file that the spec names, and with another one', async () => {
    const payout = `{ policy: contribution, validation: { sha256: ${sha256('other')} } }`;
    const { file } = await digits.write('refused', ROUNDS, `payout: ${payout}`);
    for (const flags of [[], ['--validation', validation]]) {
      const told = await tally('run', 'launch', file, '--pot', '1', ...flags);
      expect([EXIT.usage, EXIT.config]).toContain(told.code);
      expect(told.stdout + told.stderr).toContain('validation');
    }
  });

  it('pays the pot to the unit to those who taught the model something', async () => {
    const file = sha256(await readFile(validation));
    const payout = `{ policy: contribution, validation: { sha256: ${file} } }`;
    const flags = ['--validation', validation, '--challenge-ms', '1500'];
    run = await launched('contribution', payout, ...flags);
    await federation.finished(run);
    const { funded, allotted, paid, rewards } = await settled(run);
    expect([BigInt(funded), BigInt(allotted), BigInt(paid)]).toEqual([POT, POT, 0n]);
    expect(sum(rewards.map(({ entitled }) => entitled))).toBe(POT);
    const entitled = new Map(
      rewards.map(({ account, entitled: units }) => [account, BigInt(units)]),
    );
    const of = (name: string): bigint => entitled.get(sha256(name)) ?? 0n;
    expect(of(FREE_RIDER)).toBeLessThanOrEqual(POT / 100n);
    for (const name of ['north', 'site-03', 'site-04']) {
      expect(of(name), name).toBeGreaterThan(POT / 20n);
    }
  });

  it('is what an outsider computes from the bundle, and measures again', async () => {
    await done('audit', 'export', String(run), bundle);
    const told = await outside('rewards', 'preview', bundle);
    expect(told.code, told.stderr).toBe(0);
    const { refund, epochs, entitlements } = told.json<Preview>();
    const { rewards } = await show(run);
    expect(entitlements).toEqual(
      rewards.map(({ account, entitled }) => ({ account, cumulative: entitled })),
    );
    expect([refund, epochs.map(({ isSettled }) => isSettled)]).toEqual(['0', [true]]);
    const audit = await verify(bundle, '--metrics');
    expect(audit.code, audit.stderr).toBe(0);
    const { verdict, steps } = audit.json<Audit>();
    expect(verdict).toBe('VERIFIED');
    expect(steps.find(({ step }) => step === 'V11')).toMatchObject({ outcome: 'passed' });
  });

  it('is missed by neither step when a score or the public file is another', async () => {
    const sheet = 'epochs/0000/scores.json';
    const richer = await spoilt('richer', async (folder) => {
      const text = await readFile(join(folder, sheet), 'utf8');
      const edited = text.replace(/"score":"(\d+)"/, (_, score) => `"score":"${score}1"`);
      expect(edited).not.toBe(text);
      await writeFile(join(folder, sheet), edited);
    });
    const scored = await verify(richer);
    expect(scored.code).toBe(EXIT.V10);
    expect(scored.json<Audit>().finding).toMatchObject({ step: 'V10', record: sheet });
    const swapped = await spoilt('swapped', async (folder) => {
      const blob = join(folder, 'blobs', sha256(await readFile(validation)));
      await writeFile(blob, (await readFile(blob, 'utf8')).replaceAll(',test', ',train'));
    });
    const measured = await verify(swapped, '--metrics');
    expect(measured.code).toBe(EXIT.V11);
  });

  it('is claimed once, by anybody for everybody', async () => {
    const key = join(federation.folderOf('site-01'), 'owner.key');
    const claim = ['rewards', 'claim', String(run), '--key', key, '--all'];
    type Payments = readonly { readonly due: string }[];
    const { payments, tooSmall } = await done<{ payments: Payments; tooSmall: Payments }>(...claim);
    const [paidNow, dust] = [payments, tooSmall].map((all) => sum(all.map(({ due }) => due)));
    expect(tooSmall.length).toBeLessThanOrEqual(1); // the free-rider, when it earned less than an account may begin with
    expect((paidNow ?? 0n) + (dust ?? 0n)).toBe(POT);
    const { paid, rewards } = await show(run);
    expect([paid, sum(rewards.map(({ due }) => due))]).toEqual([String(paidNow), dust]);
    expect(await done(...claim)).toMatchObject({ payments: [], tooSmall });
  });

  if (!isFull) return;

  it('under a cap goes to the others, and waits while somebody objects', async () => {
    const payout = `{ policy: weight, epochRounds: ${ROUNDS}, capPpm: 300000 }`;
    const capped = await launched('capped', payout, '--challenge-ms', String(OBJECTION_MS));
    await federation.finished(capped);
    await until('the epoch is settled', async () =>
      (await show(capped)).allotted === POT.toString() ? true : undefined,
    );
    const report = stage().path('report.txt');
    await writeFile(report, 'north was on holiday');
    const key = join(federation.data, 'keys/treasury.key');
    const told = await done<{ reason: string }>(
      ...['rewards', 'object', String(capped), '0', '--report', report, '--key', key],
    );
    expect(told.reason).toBe(sha256(await readFile(report)));
    const claim = ['rewards', 'claim', String(capped), '--key', key, '--all'];
    expect(await done(...claim)).toMatchObject({ epoch: null, payments: [] });
    const resolve = ['rewards', 'resolve', String(capped), '0', '--key'];
    const refused = await tally(...resolve, key);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain('NotRegistrar');
    await done(...resolve, join(federation.data, 'keys/registrar.key'));
    const dispute = ['rewards', 'dispute', String(capped), '--key', key];
    expect(await done(...dispute)).toMatchObject({ found: null });
    const { rewards } = await settled(capped);
    const most = Math.max(...rewards.map(({ entitled }) => Number(BigInt(entitled) / UNIT)));
    expect(most).toBe(300);
    expect(rewards.find(({ account }) => account === sha256('north'))).toMatchObject({
      entitled: ((POT * 3n) / 10n).toString(),
    });
    expect(sum(rewards.map(({ entitled }) => entitled))).toBe(POT);
    const { payments } = await done<{ payments: unknown[] }>(...claim);
    expect(payments).toHaveLength(4);
  });
});
