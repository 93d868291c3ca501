/**
 * A round is voided by a proved fault while its run rests: the run goes on from the last round that counts, over kill -9 of
 * its coordinator and nodes that saw the void rounds, another run is not held up, and the audit names the gap.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { HEADER, PROMISE, publicHex, readKey, RECEIPT, sha256 } from './harness/records.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const ROUNDS = 8;
const RESTS_AFTER = 4;
const VOID_FROM = 2;
const CHALLENGE_MS = 20_000;

describe('a voided round', () => {
  let federation: Federation;
  let spec: string;
  let logs: readonly string[];
  const stage = useStage(async (opened) => {
    federation = await Federation.start(opened);
    const heart = await HeartCopy.at(opened.path('heart'));
    await federation.populate(heart.sites);
    logs = heart.sites.map(({ name }) => join(federation.folderOf(name), 'receipts.log'));
    spec = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 5'],
    );
  });

  const launch = (): Promise<RunView> =>
    federation.post<RunView>('runs', {
      spec,
      pot: '0',
      windows: { challengeMs: CHALLENGE_MS },
    });

  /** A promise of the coordinator's own key that no round keeps. */
  async function evidence(run: number, round: number): Promise<string> {
    const page = `runs/${run}/headers?from=${round}&limit=1`;
    const { headers } = await federation.get<{ headers: string[] }>(page);
    const header = headers[0] ?? '';
    const { chain = '', prev = '', task = '' } = HEADER.decode(Buffer.from(header, 'hex'));
    const key = readKey(join(federation.data, 'keys', 'coordinator.key'));
    const site = readKey(join(federation.folderOf('cleveland'), 'node.key'));
    const [zeros, update] = ['00'.repeat(32), sha256(Buffer.from('lost'))];
    const at = { chain, run, round, node: 0 };
    const losses = { lossBefore: 0, lossAfter: 0, policy: zeros, salt: '00'.repeat(16) };
    const counts = { keyEpoch: 0, update, updateBytes: 1, numExamples: 7 };
    const receipt = RECEIPT.sign({ ...at, prev, task, ...counts, ...losses }, site);
    const hash = sha256(Buffer.from('tally/receipt/v1'), Buffer.from(receipt, 'hex'));
    const promise = PROMISE.sign({ ...at, receipt: hash, dueMs: 9 }, key);
    const records = { header, promise, receipt };
    const file = {
      chain,
      code: 'ROUND_PROMISE_BROKEN',
      coordinatorKey: publicHex(key),
      detail: 'the leaves of contribRoot do not hold the promised receipt',
      format: 'tally/evidence/v1',
      key: publicHex(site),
      kind: 'omitted',
      leaves: [],
      node: 0,
      records,
      round,
      run,
      unchecked: [],
    };
    const path = stage().path('evidence.json');
    await writeFile(path, `${JSON.stringify(file)}\n`);
    return path;
  }

  async function dispute(path: string): Promise<{ readonly state: string }> {
    const key = join(federation.data, 'keys', 'treasury.key');
    const args = ['dispute', path, '--key', key, '--chain-url', federation.chainUrl, '--json'];
    const told = await stage().run(args, { name: 'dispute' });
    expect(told.code, told.stderr).toBe(0);
    return told.json<{ state: string }>();
  }

  it('counts nowhere; its run goes on to the end and is verified with the gap named', async () => {
    const { run } = await launch();
    await until('some rounds are on the chain', async () =>
      (await federation.run(run)).committedRounds >= RESTS_AFTER ? true : undefined,
    );
    await federation.post(`runs/${run}/pause`, {});
    const path = await evidence(run, VOID_FROM);
    expect((await dispute(path)).state).toBe('demanded');
    const beside = await launch();
    expect(await federation.finished(beside.run)).toHaveLength(ROUNDS);
    await until(
      'the demand is past its deadline',
      async () => ((await dispute(path)).state === 'upheld' ? true : undefined),
      90_000,
    );
    const gone = await until('the coordinator knows', async () => {
      const view = await federation.run(run);
      return view.voidRounds > 0 ? view : undefined;
    });
    expect(gone).toMatchObject({ closedRounds: VOID_FROM, lastRound: VOID_FROM - 1 });
    await federation.kill('coordinator');
    await until('it is back', async () =>
      federation.post(`runs/${run}/resume`, {}).catch(() => undefined),
    );
    const rounds = await federation.finished(run);
    const counting = rounds.filter(({ status }) => status === 'committed');
    expect(counting).toHaveLength(ROUNDS);
    const back = counting[VOID_FROM];
    expect(back?.round).toBeGreaterThan(1_024);
    expect(back?.modelBefore).toBe(counting[VOID_FROM - 1]?.modelAfter);
    expect(new Set(counting.map(({ included }) => included))).toEqual(new Set([4]));
    const shown = await stage().run(['run', 'show', String(run), '--data', federation.data]);
    expect(shown.stdout + shown.stderr).toContain('does not count: the chain voided it');
    for (const one of [run, beside.run]) {
      const anchors = logs.flatMap((log) => ['--as-node', log]);
      const args = ['audit', 'verify', String(one), '--data', federation.data, ...anchors];
      const verified = await stage().run(args);
      const text = verified.stdout + verified.stderr;
      expect(verified.code, text).toBe(0);
      const gap = `rounds ${VOID_FROM} to ${(back?.round ?? 0) - 1} are void by the chain`;
      expect(text.includes(gap)).toBe(one === run);
      expect(text).toContain('"verdict":"VERIFIED"');
    }
  });
});
