/**
 * I. Several runs at once over the same nodes, one of them in asynchronous rounds, through a pause and the death of the
 * coordinator: each ends as it does alone, and the asynchronous one verifies with the logs of its nodes.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy, SMALL } from './harness/heart.js';
import { RECEIPT } from './harness/records.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

/** So many of the asynchronous run that it still goes on when it is paused. */
const ROUNDS = 40;
/** A buffer of two of the four sites, updates up to three rounds old. */
const ASYNCHRONOUS: readonly (readonly [RegExp, string])[] = [
  [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
  [/^ {2}steps: .*$/m, '  steps: 5'],
  [/^ {2}count: .*$/m, '  count: { min: 1, max: 2 }'],
  [/^seed: .*$/m, 'seed: 3\nasynchronous: { maxStaleness: 3 }'],
];

describe('several runs', () => {
  let federation: Federation;
  let heart: HeartCopy;
  const stage = useStage(async (opened) => {
    heart = await HeartCopy.at(opened.path('heart'));
    federation = await Federation.start(opened);
    await federation.populate(heart.sites);
  });

  const models = async (run: number): Promise<readonly string[]> =>
    (await federation.finished(run)).map(({ modelAfter }) => modelAfter);

  /** Runs `tally run <name> <run>` and gives its view. */
  async function tallyRun(name: string, run: number): Promise<RunView> {
    const ended = await stage().run(['run', name, String(run), '--data', federation.data]);
    expect(ended.code, ended.stderr).toBe(0);
    return ended.json<RunView>();
  }

  it('I: end as each does alone, whatever happens on the way', async () => {
    const [yaml, stale] = [await heart.editRun(...SMALL), await heart.editRun(...ASYNCHRONOUS)];
    const seeded = yaml.replace(/^seed: .*$/m, 'seed: 2');
    const alone = [await models((await federation.launch(yaml)).run)];
    alone.push(await models((await federation.launch(seeded)).run));

    const runs = [yaml, seeded, stale];
    const [first = 0, second = 0, third = 0] = await Promise.all(
      runs.map(async (text) => (await federation.launch(text)).run),
    );
    await until('the asynchronous run has closed some rounds', async () =>
      (await federation.run(third)).closedRounds >= 2 ? true : undefined,
    );
    expect((await tallyRun('pause', third)).status).toBe('paused');
    await federation.kill('coordinator');
    await until(
      'it lives again',
      async () => (await federation.run(first)).run === first || undefined,
    );
    expect([await models(first), await models(second)]).toEqual(alone);
    const rested = await federation.run(third);
    expect(rested.status).toBe('paused');
    expect((await tallyRun('resume', third)).status).toBe('running');
    const rounds = await federation.finished(third);
    expect(rounds.filter(({ included }) => included > 0)).toHaveLength(ROUNDS);
    expect(rounds.length).toBeGreaterThanOrEqual(rested.closedRounds);

    const lags = await Promise.all(
      rounds.map(async ({ round }) => {
        const path = `runs/${third}/rounds/${round}/evidence`;
        const { receipts } = await federation.get<{ receipts: string[] }>(path);
        return receipts.map(
          (wire) => round - Number(RECEIPT.decode(Buffer.from(wire, 'hex'))['round']),
        );
      }),
    );
    expect(Math.max(...lags.flat())).toBeGreaterThanOrEqual(1);
    expect(Math.max(...lags.flat())).toBeLessThanOrEqual(3);
    expect(Math.min(...lags.flat())).toBe(0);

    const bundle = stage().path('bundle');
    const exported = ['audit', 'export', String(third), bundle, '--data', federation.data];
    expect(await stage().run(exported)).toMatchObject({ code: 0 });
    const logs = heart.sites.map(({ name }) => join(federation.folderOf(name), 'receipts.log'));
    const anchors = logs.flatMap((log) => ['--as-node', log]);
    const audit = await stage().run(['audit', 'verify', bundle, ...anchors]);
    expect(audit.code, audit.stderr).toBe(0);
    expect(audit.json()).toMatchObject({ verdict: 'VERIFIED', finding: null });
  });
});
