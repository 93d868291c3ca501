/**
 * The coordinator key is replaced in the middle of a run: rounds after it are signed by the new key, nodes believe it
 * because the chain names it, a node that knows no chain stops, and the audit of the whole run fits the nodes' own logs.
 * TALLY_E2E_FULL=1 plays it; without it the parts are played by the tests of their rooms.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { isAlive } from './harness/proc.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const ROUNDS = 6;
/** Knows no chain: it cannot follow the key. */
const BLIND = 'va';

interface Keys {
  readonly current: string;
  readonly next?: string;
  readonly former?: readonly string[];
}

describe.runIf(isFull)('a coordinator key that is replaced in the middle of a run', () => {
  let federation: Federation;
  let run: number;
  let names: readonly string[];
  let before: Keys;
  const stage = useStage(async (opened) => {
    federation = await Federation.start(opened);
    const heart = await HeartCopy.at(opened.path('heart'));
    names = heart.sites.map(({ name }) => name);
    for (const site of heart.sites) {
      const chain = site.name === BLIND ? '' : `chain: ${federation.chainUrl}\n`;
      await federation.join({ ...site, nodeYaml: (url) => `${site.nodeYaml(url)}${chain}` });
      await federation.startNode(site.name);
    }
    const edited = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 5'],
      [/min: \d+/, 'min: 3'],
    );
    ({ run } = await federation.launch(edited.replace(/deadlineMs: \d+/, 'deadlineMs: 8000')));
  });

  const key = async (command: string): Promise<Keys> => {
    const told = await stage().run(['key', command, '--data', federation.data]);
    expect(told.code, told.stderr).toBe(0);
    return told.json<Keys>();
  };

  beforeAll(async () => {
    await until('two rounds are on the chain', async () =>
      (await federation.run(run)).committedRounds >= 2 ? true : undefined,
    );
    await federation.post(`runs/${run}/pause`, {});
    await until('every closed round is on the chain', async () => {
      const { current, closedRounds, committedRounds } = await federation.run(run);
      return current === null && closedRounds === committedRounds ? true : undefined;
    });
    before = await key('list');
    const { next } = await key('rotate');
    expect(await key('rotate')).toEqual({ current: before.current, next }); // the same one again
    const old = await federation.kill('coordinator');
    await until('the coordinator is back', async () => {
      if (isAlive(old)) return undefined;
      return federation.run(run).then(
        () => true,
        () => undefined,
      );
    });
    await federation.post(`runs/${run}/resume`, {});
  });

  it('is in force at the next start, and the one before is kept', async () => {
    const after = await key('list');
    expect(after.current).not.toBe(before.current);
    expect(after).toEqual({ current: after.current, former: [before.current] });
  });

  it('is followed by nodes that see it on the chain, and by no other', async () => {
    const [blind] = [federation.nodes.get(BLIND)];
    const { code, stderr } = (await blind?.ended) ?? { code: 0, stderr: '' };
    expect(code).not.toBe(0);
    expect(stderr).toContain('AUTH_COORDINATOR_KEY');
    const rounds = await federation.finished(run);
    expect(rounds.at(-1)?.included).toBe(3);
    const { current } = await key('list');
    for (const name of names.filter((site) => site !== BLIND)) {
      const log = await readFile(join(federation.folderOf(name), 'receipts.log'), 'utf8');
      const identities = log.split('\n').filter((line) => line.includes('"type":"identity"'));
      expect(identities.map((line) => JSON.parse(line).coordinatorKey)).toEqual([
        ...[before.current, current],
      ]);
    }
  });

  it('leaves a run that is VERIFIED with the logs of all nodes', async () => {
    const bundle = stage().path('bundle');
    const exported = ['audit', 'export', String(run), bundle, '--data', federation.data];
    expect((await stage().run(exported)).code).toBe(0);
    const anchors = names.flatMap((name) => [
      ...['--as-node', join(federation.folderOf(name), 'receipts.log')],
    ]);
    const audit = await stage().run(['audit', 'verify', bundle, ...anchors]);
    expect(audit.code, audit.stdout).toBe(0);
    expect(audit.json<{ verdict: string }>().verdict).toBe('VERIFIED');
  });
});
