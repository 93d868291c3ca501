/**
 * E. The evidence bundle verifies with every network call refused and no database, and every manipulation of the audit's
 * table is found in it, each by the step, round and record it belongs to.
 *
 * TALLY_E2E_FULL=1 plays the whole table; without it one that leaves no bundle, one that only the nodes' logs show, one in a
 * record and one in a model, since the audit's own tests (tamper.spec) play all of them by the same function.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Federation } from './harness/federation.js';
import { HeartCopy, SMALL } from './harness/heart.js';
import type { Ended, Stage } from './harness/stage.js';
import { useStage } from './harness/use-stage.js';
import {
  type Expectation,
  exitCodeFor,
  listManipulations,
  type Manipulation,
  manipulate,
  NO_NETWORK,
  olderLog,
} from './tamper/manipulations.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const SAMPLE: ReadonlySet<string> = new Set([
  'the manifest dropped',
  'another closing time, against the nodes’ logs',
  'more examples in a receipt, everything made to fit',
  'a model of the operator’s own, everything made to fit',
]);

/** What `audit verify --json` says. */
interface Report {
  readonly verdict: string;
  readonly summary: string;
  readonly finding: { step: string; round?: number; record: string; by: string } | null;
}

/** `tally audit verify` as a process that cannot reach anything. */
function verifyOffline(stage: Stage, bundle: string, logs: readonly string[]): Promise<Ended> {
  const anchors = logs.flatMap((log) => ['--as-node', log]);
  const options = { env: { NODE_OPTIONS: NO_NETWORK }, name: 'audit verify' };
  return stage.run(['audit', 'verify', bundle, ...anchors], options);
}

describe('the evidence', () => {
  let bundle: string;
  let keys: string;
  let logs: readonly string[];
  let lastRound: number;

  const stage = useStage(async (opened) => {
    const heart = await HeartCopy.at(opened.path('heart'));
    const federation = await Federation.start(opened);
    await federation.populate(heart.sites);
    const { run } = await federation.launch(await heart.editRun(...SMALL));
    lastRound = (await federation.finished(run)).length - 1;
    bundle = opened.path('bundle');
    const exported = ['audit', 'export', String(run), bundle, '--data', federation.data];
    expect(await opened.run(exported)).toMatchObject({ code: 0 });
    await federation.stop();
    keys = join(federation.data, 'keys');
    logs = heart.sites.map(({ name }) => join(federation.folderOf(name), 'receipts.log'));
  });

  it('E: the demo leaves a bundle', async () => {
    const demo = stage().path('demo-bundle');
    const ports = ['--port', '0', '--chain-port', '0'];
    const ended = await stage().run(['demo', '--once', '--export', demo, ...ports]);
    expect(ended.code, ended.stderr).toBe(0);
    const audit = await verifyOffline(stage(), demo, []);
    expect(audit.json<Report>()).toMatchObject({ verdict: 'CONSISTENT', finding: null });
  });

  it('E: verifies with every network call refused and no database', async () => {
    const audit = await verifyOffline(stage(), bundle, logs);
    expect(audit.stderr).toContain('network refused\n');
    expect(audit.code, audit.stderr).toBe(0);
    expect(audit.json<Report>()).toMatchObject({ verdict: 'VERIFIED', summary: 'VERIFIED' });
  });

  it('E: without anchors the word is CONSISTENT, never VERIFIED', async () => {
    const audit = await verifyOffline(stage(), bundle, []);
    expect(audit.code).toBe(0);
    expect(audit.json<Report>().summary).toMatch(/^CONSISTENT \(unanchored: genesis, key of/);
  });

  /** The logs an auditor holds when this manipulation is judged. */
  const logsFor = async ({ anchors }: Manipulation): Promise<readonly string[]> => {
    if (anchors !== 'before the last result') return anchors === 'whole' ? logs : [];
    return Promise.all(
      logs.map(async (log, i) => {
        const older = stage().path(`older-${i}.log`);
        await olderLog(log, older, lastRound);
        return older;
      }),
    );
  };

  /** Exit code and finding in the words of the expectation. */
  const found = (audit: Ended, { step, record, by }: Expectation): unknown => {
    const exit = audit.code;
    if (step === undefined) return { exit };
    const { finding } = audit.json<Report>();
    return {
      exit,
      step: finding?.step,
      round: finding?.round,
      record: finding?.record.slice(0, record.length),
      by: by && finding?.by,
    };
  };

  it('E: every manipulation is found and named', async () => {
    const table = await listManipulations();
    const played = table.filter(({ name }) => isFull || SAMPLE.has(name));
    expect(played.length).toBe(isFull ? table.length : SAMPLE.size);
    for (const [i, manipulation] of played.entries()) {
      const copy = stage().path(`manipulated-${i}`);
      const expected = await manipulate(manipulation.name, { bundle, copy, keys });
      if (expected === undefined) continue; // nothing declined, nobody was silent
      const { step, round, record, by } = expected;
      const exit = exitCodeFor(expected);
      const audit = await verifyOffline(stage(), copy, await logsFor(manipulation));
      expect({ name: manipulation.name, found: found(audit, expected) }).toEqual({
        name: manipulation.name,
        found: step === undefined ? { exit } : { exit, step, round, record, by },
      });
    }
  }, 900_000);
});
