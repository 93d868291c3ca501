/**
 * Consent, pay and the end of a run, by the command line: a node whose owner withdraws is in no later round; epochs are
 * settled by themselves, also after kill -9; everybody can compute the payouts, and anybody pushes a claim.
 */
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Rewards } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { TASK } from './harness/records.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const ROUNDS = 12;
const EPOCH_ROUNDS = 4;
const POT_UNITS = 1_000n;
const UNIT = 10n ** 12n;
const NODE_BYTES = 16;

interface Preview {
  readonly refund: string;
  readonly entitlements: readonly { account: string; cumulative: string }[];
}

const payoutOf = (name: string): string => createHash('sha256').update(name).digest('hex');

describe('the ledger', () => {
  let federation: Federation;
  let run: number;
  let revokedAt: number;
  let free: string;
  const stage = useStage(async (opened) => {
    federation = await Federation.start(opened, {
      TALLY_TEST__CRASH_AT: 'epoch-submitted-not-in-block:1',
      NODE_ENV: 'test',
    });
    const heart = await HeartCopy.at(opened.path('heart'));
    for (const site of heart.sites) {
      const body = { organisation: site.name, payout: payoutOf(site.name) };
      const { token } = await federation.post<{ token: string }>('invites', body);
      await federation.join(site, token);
    }
    const names = heart.sites.map(({ name }) => name);
    await Promise.all(names.map((name) => federation.startNode(name)));
    const edited = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 5'],
      [/min: \d+/, 'min: 3'],
    );
    free = edited.replace(/^rounds: .*$/m, 'rounds: 2');
    const text = `${edited}consent: required\npayout: { epochRounds: ${EPOCH_ROUNDS} }\n`;
    const launched = await federation.post<{ run: number }>('runs', {
      spec: text,
      pot: POT_UNITS.toString(),
      windows: { challengeMs: 1_500 },
    });
    run = launched.run;
    await federation.post(`runs/${run}/pause`, {});
  });

  const consent = (name: string, ...args: readonly string[]) =>
    stage().run(
      [
        'node',
        'consent',
        ...args,
        '--folder',
        federation.folderOf(name),
        '--data',
        federation.data,
      ],
      { name: `consent ${name}` },
    );

  beforeAll(async () => {
    for (const name of ['cleveland', 'hungarian', 'switzerland', 'va']) {
      const told = await consent(name, 'grant', String(run), '--until', '2099-12-31');
      expect(told.code, told.stderr).toBe(0);
    }
    await federation.post(`runs/${run}/resume`, {});
    await until('the second round is closed', async () =>
      (await federation.run(run)).closedRounds >= 2 ? true : undefined,
    );
    await federation.post(`runs/${run}/pause`, {});
    await until('the open round is closed', async () =>
      (await federation.run(run)).current === null ? true : undefined,
    );
    const told = await consent('va', 'revoke', String(run), '--json');
    expect(told.code, told.stderr).toBe(0);
    revokedAt = told.json<{ revokedAtBlock: number }>().revokedAtBlock;
    await federation.post(`runs/${run}/resume`, {});
  });

  it('a node whose owner withdrew is in no later round', async () => {
    const rounds = await federation.finished(run);
    const cohorts = await Promise.all(
      rounds.map(async ({ round }) => {
        const path = `runs/${run}/rounds/${round}/evidence`;
        const { task, cohort } = await federation.get<{ task: string; cohort: string }>(path);
        const { atBlock } = TASK.decode(Buffer.from(task, 'hex')) as { atBlock: number };
        return { atBlock, nodes: cohort.length / 2 / NODE_BYTES, cohort };
      }),
    );
    const before = cohorts.filter(({ atBlock }) => atBlock < revokedAt);
    const after = cohorts.filter(({ atBlock }) => atBlock >= revokedAt);
    expect(before.map(({ nodes }) => nodes)).toContain(4);
    expect(after.length).toBeGreaterThan(0);
    expect(new Set(after.map(({ nodes }) => nodes))).toEqual(new Set([3]));
    const listed = await consent('va', 'list', '--json');
    expect(listed.json<{ consents: unknown[] }>().consents).toEqual([
      expect.objectContaining({ run, revokedAtBlock: revokedAt }),
    ]);
  });

  const rewards = (): Promise<Rewards> => federation.get<Rewards>(`runs/${run}/rewards`);

  it('settles every epoch, once, also after kill -9, and the evidence gives the same payouts', async () => {
    const last = ROUNDS / EPOCH_ROUNDS - 1;
    const settled = await until(
      'the last epoch is final',
      async () => {
        const now = await rewards();
        return now.claimable === last ? now : undefined;
      },
      120_000,
    );
    await access(join(federation.data, 'crashed-epoch-submitted-not-in-block'));
    const total = settled.rewards.reduce((sum, { entitled }) => sum + BigInt(entitled), 0n);
    expect(total).toBe(BigInt(settled.allotted));
    expect(total).toBe(((POT_UNITS * UNIT) / 3n) * 3n);
    expect(settled.rewards).toHaveLength(4);
    const { data } = federation;
    const told = await stage().run(['rewards', 'preview', String(run), '--data', data, '--json']);
    expect(told.code, told.stderr).toBe(0);
    const { entitlements, refund } = told.json<Preview>();
    expect(entitlements).toEqual(
      settled.rewards.map(({ account, entitled }) => ({ account, cumulative: entitled })),
    );
    expect(BigInt(refund)).toBe(BigInt(settled.funded) - total);
    const verified = await stage().run(['audit', 'verify', String(run), '--data', data, '--json']);
    expect(verified.code, verified.stderr).toBe(0);
  });

  it('anybody has everybody paid, and a second claim pays nothing', async () => {
    const { data } = federation;
    const key = `${federation.folderOf('va')}/owner.key`;
    const args = ['rewards', 'claim', String(run), '--key', key, '--all', '--data', data, '--json'];
    const told = await stage().run(args);
    expect(told.code, told.stderr).toBe(0);
    const claimed = told.json<{ payments: { account: string; due: string }[] }>();
    expect(claimed.payments).toHaveLength(4);
    const after = await rewards();
    expect(after.paid).toBe(after.allotted);
    expect(new Set(after.rewards.map(({ due }) => due))).toEqual(new Set(['0']));
    const again = await stage().run(args);
    expect(again.json<{ payments: unknown[] }>().payments).toEqual([]);
  });

  it('shows a challenger the leaf it asks for, before the window is over', async () => {
    const { run: other } = await federation.post<{ run: number }>('runs', {
      spec: free,
      windows: { challengeMs: 600_000 },
    });
    await federation.finished(other);
    const key = join(federation.data, 'keys/treasury.key');
    const args = [federation.chainUrl, String(other), '1', key];
    const asked = stage().start('e2e/outsider/demand-leaf.mjs', args, { name: 'challenger' });
    const told = await asked.ended;
    expect(told.code, told.stderr).toBe(0);
    const { open, status, events } = told.json<{
      open: number;
      status: string;
      events: string[];
    }>();
    expect({ open, status }).toEqual({ open: 0, status: 'Committed' });
    expect(events).toEqual(expect.arrayContaining(['Demanded', 'Answered']));
  });

  it('gives the rest of the pot back when it is asked to', async () => {
    const { data } = federation;
    const told = await stage().run(['run', 'close', String(run), '--data', data, '--json']);
    expect(told.code, told.stderr).toBe(0);
    await until('the pot is given back', async () =>
      (await rewards()).funded === (await rewards()).allotted ? true : undefined,
    );
  });
});
