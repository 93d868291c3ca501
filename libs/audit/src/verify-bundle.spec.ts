import type { Hash } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Anchors, NodeAnchor } from './anchors.js';
import { type AuditReport, exitCodeOf } from './report.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { finishWithInventedNodes } from './testing/manipulations/invented-nodes.js';
import { openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { rewriteHistory, unchanged } from './testing/operator/rewrite-history.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { verifyBundle } from './verify-bundle.js';

describe('verifyBundle', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle();
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await bundle.remove();
  });

  const audit = (anchors: Anchors, folder: string = bundle.folder): Promise<AuditReport> =>
    verifyBundle({ folder, anchors, knownRuntimes });
  const withLogs = (change: (log: NodeAnchor) => Partial<NodeAnchor>): Anchors => ({
    nodeKeys: [],
    logs: bundle.anchors.map((log) => ({ ...log, ...change(log) })),
  });
  const tampered = async (): Promise<TamperedBundle> => {
    const folder = await scratch.copyOf(bundle.folder);
    return new TamperedBundle(folder, await openEvidence(folder), bundle.keys);
  };

  it('E: an honest bundle is VERIFIED with the logs of the four nodes', async () => {
    const passed: string[] = [];
    const report = await verifyBundle({
      folder: bundle.folder,
      anchors: { nodeKeys: [], logs: bundle.anchors },
      knownRuntimes,
      onStep: ({ step, outcome }) => passed.push(`${step} ${outcome}`),
    });
    expect(report).toMatchObject({
      verdict: 'VERIFIED',
      summary: 'VERIFIED',
      run: bundle.run,
      genesis: bundle.genesis,
      rounds: 4,
      emptyRounds: 1,
      plannedRounds: 3,
      finding: null,
      damaged: [],
      notes: ['round 2 closed empty with 2 accepted receipts'],
      chain: { embedded: true, authorities: 1, sudo: false, runtimes: [...knownRuntimes] },
      anchors: { anchored: [0, 1, 2, 3], unanchored: [], headersChecked: 16, lastHeader: 3 },
    });
    expect(exitCodeOf(report)).toBe(0);
    expect(passed).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `V${n} passed`));
    expect(report.steps.map(({ checked }) => checked)).toEqual([
      12, 4, 32, 23, 16, 10, 10, 3, 6, 0,
    ]);
  });

  it('E: every fact of the report is derived again from the evidence', async () => {
    const { facts } = await audit({ nodeKeys: [], logs: bundle.anchors });
    const { history } = await openEvidence(bundle.folder);
    const { rounds, run, chain, spec } = history;
    const empty = rounds.filter(({ header }) => header.value.included === 0);
    const missing = (node: number): number =>
      rounds.filter(({ leaves }) => !leaves.some((leaf) => leaf.node === node)).length;
    const { anchors } = bundle;
    const sum = (count: (log: NodeAnchor) => number): number =>
      anchors.reduce((total, log) => total + count(log), 0);
    const leaves = rounds.reduce((total, round) => total + round.leaves.length, 0);
    const cohorts = rounds.reduce((total, { cohort }) => total + cohort.length, 0);
    const excluded = cohorts - leaves;
    const declines = rounds.reduce((total, round) => total + round.declines.length, 0);
    const promises = rounds.reduce((total, round) => total + round.promises.length, 0);
    expect(Object.fromEntries(facts.map(({ id, value }) => [id, value]))).toEqual({
      run: bundle.run,
      rounds: run.nextRound,
      emptyRounds: empty.length,
      plannedRounds: spec.rounds,
      genesis: bundle.genesis,
      head: chain.head.hash,
      model: run.model,
      V1: chain.head.number,
      V2: run.nextRound,
      V3: 2 * cohorts,
      V4: leaves + declines + promises,
      V5: cohorts,
      V6: leaves,
      V7: leaves,
      V8: run.nextRound - empty.length,
      V9: excluded,
      V10: 0,
      'anchors.genesis': true,
      'anchors.head': false,
      'anchors.headers': sum(({ headers }) => headers.length),
      'anchors.promises': sum((log) => log.promises.length),
      'anchors.receipts': sum(({ receipts = [] }) => receipts.length),
      'anchors.nodes': anchors.map(({ node }) => node).join(', '),
      'anchors.missing': '',
      'anchors.lastHeader': run.nextRound - 1,
      ...Object.fromEntries([0, 1, 2, 3].map((node) => [`notIncluded.${node}`, missing(node)])),
      'note.0': `round ${empty[0]?.round} closed empty with 2 accepted receipts`,
      'chain.blocks': chain.head.number,
      'chain.embedded': true,
      'chain.authorities': 1,
      'chain.sudo': false,
      'chain.runtimes': [...knownRuntimes].join(', '),
      method: 'evidence shows what was signed',
      verdict: 'VERIFIED',
    });
  });

  it('E: without anchors the word is CONSISTENT and says what is missing', async () => {
    const report = await audit(NO_ANCHORS);
    expect(report.verdict).toBe('CONSISTENT');
    expect(report.summary).toBe(
      'CONSISTENT (unanchored: genesis, key of node 0, key of node 1, key of node 2, key of node 3)',
    );
    expect(exitCodeOf(report)).toBe(0);
  });

  it('takes node keys and the genesis from elsewhere as well', async () => {
    const nodeKeys = bundle.anchors.map(({ key }) => key);
    const { genesis } = bundle;
    expect((await audit({ genesis, nodeKeys, logs: [] })).verdict).toBe('VERIFIED');
    const three = await audit({ genesis, nodeKeys: nodeKeys.slice(1), logs: [] });
    expect(three.summary).toBe('CONSISTENT (unanchored: key of node 0)');
  });

  it('finds an anchored genesis or block that the chain does not have', async () => {
    const { genesis } = bundle;
    const other = genesis.replace(/./g, 'a') as Hash;
    const foreign = await audit({ ...NO_ANCHORS, genesis: other });
    expect(foreign.finding).toMatchObject({ step: 'V1', record: 'genesis', by: 'chain operator' });
    const unknown = await audit({ ...NO_ANCHORS, head: other });
    expect(unknown.finding).toMatchObject({ step: 'V1', record: 'anchored block' });
    expect((await audit({ ...NO_ANCHORS, head: genesis })).finding).toBeNull();
  });

  it('E: a history cut off is found by a block that an outsider holds', async () => {
    const cut = await tampered();
    const { round } = cut.rounds.at(-1) ?? { round: 0 };
    await rewriteHistory(cut, { from: round, rounds: round, edit: unchanged });
    const shorter = await audit(NO_ANCHORS, cut.folder);
    expect(shorter.finding).toBeNull();
    expect(shorter.notes).toContain(
      'the run has 2 of 3 rounds: it goes on, was stopped, or was cut off',
    );
    const head = cut.honest.history.chain.head.hash;
    const report = await audit({ ...NO_ANCHORS, head }, cut.folder);
    expect(report.finding).toMatchObject({ step: 'V1', record: 'anchored block' });
  });

  it('E: a run that invented nodes finished is never VERIFIED', async () => {
    const forged = await tampered();
    const nodes = await finishWithInventedNodes(forged);
    const last = forged.rounds.length - 1;
    const older = withLogs(({ headers, promises, receipts = [] }) => ({
      headers: headers.filter(({ round }) => round < last),
      promises: promises.filter(({ round }) => round < last),
      receipts: receipts.filter(({ round }) => round < last),
    }));
    const report = await audit(older, forged.folder);
    const missing = nodes.map(({ node }) => `key of node ${node}`).join(', ');
    expect(report.summary).toBe(`CONSISTENT (unanchored: ${missing})`);
  });

  it('E: a run that invented nodes played from the start agrees with itself only', async () => {
    const forged = await testBundle({ nodeKeys: 'forged' });
    try {
      expect((await audit(NO_ANCHORS, forged.folder)).verdict).toBe('CONSISTENT');
      const logs = { nodeKeys: [], logs: bundle.anchors };
      expect((await audit(logs, forged.folder)).finding?.step).toBe('V2');
      const keysOnly = withLogs(() => ({ headers: [], promises: [], receipts: [] }));
      const report = await audit(keysOnly, forged.folder);
      expect(report.finding).toMatchObject({ step: 'V4', by: 'chain operator' });
      expect(report.finding?.record).toBe('key of node 0 in node-0.log');
    } finally {
      await forged.remove();
    }
  });

  it.each([
    { name: 'i8', numeric: { codec: 'i8' } },
    { name: 'sparse i16', numeric: { codec: 'i16', topPpm: 200_000 } },
  ] as const)('a run whose updates are $name is VERIFIED', async ({ numeric }) => {
    const other = await testBundle({ spec: { numeric } });
    try {
      const anchors = { nodeKeys: [], logs: other.anchors };
      expect((await audit(anchors, other.folder)).verdict).toBe('VERIFIED');
    } finally {
      await other.remove();
    }
  });

  it.each([
    { name: 'Multi-Krum', rules: { robust: { rule: 'multiKrum', attackers: 0 } } },
    {
      name: 'a median of clipped updates',
      rules: { robust: { rule: 'median', attackers: 1 }, clip: { norm: 0.001 } },
    },
    {
      name: 'centred clipping',
      rules: { robust: { rule: 'centredClipping', attackers: 1, radius: 0.001 } },
    },
    { name: 'a clip', rules: { clip: { norm: 0.001 } } },
  ] as const)('a run under $name is VERIFIED if the operator kept to it', async ({ rules }) => {
    const [kept, ignored] = await Promise.all([
      testBundle({ spec: rules }),
      testBundle({ spec: rules, ignoresRules: true }),
    ]);
    try {
      const anchors = { nodeKeys: [], logs: kept.anchors };
      expect((await audit(anchors, kept.folder)).verdict).toBe('VERIFIED');
      const { finding } = await audit({ ...anchors, logs: ignored.anchors }, ignored.folder);
      expect(finding).toMatchObject({ step: 'V8', round: 0, by: 'coordinator' });
    } finally {
      await Promise.all([kept.remove(), ignored.remove()]);
    }
  });

  it('names a receipt that a node’s own log does not know', async () => {
    const report = await audit(withLogs(({ node }) => (node === 1 ? { receipts: [] } : {})));
    expect(report.finding).toMatchObject({ step: 'V4', round: 0, by: 'node 1' });
    expect(report.finding?.record).toBe('receipt in node-1.log');
  });

  it('accepts a log that is older than the bundle, and former keys', async () => {
    const older = withLogs(({ headers, promises, receipts = [] }) => ({
      headers: headers.slice(0, 1),
      promises: promises.slice(0, 1),
      receipts: receipts.slice(0, 1),
    }));
    expect((await audit(older)).anchors).toMatchObject({ lastHeader: 0, unanchored: [] });
    const other = bundle.anchors[0]?.key;
    const rotated = withLogs(({ key }) => (other ? { key: other, formerKeys: [key] } : {}));
    expect((await audit(rotated)).verdict).toBe('VERIFIED');
  });

  it('holds promises against the coordinator only once they are due', async () => {
    const future = (dueMs: bigint): Anchors =>
      withLogs(({ promises }) => ({
        promises: promises.slice(-1).map((promise) => ({ ...promise, round: 4, dueMs })),
      }));
    expect((await audit(future(2n ** 63n))).verdict).toBe('VERIFIED');
    const broken = await audit(future(1n));
    expect(broken.finding).toMatchObject({ step: 'V9', round: 4, by: 'coordinator' });
  });

  it('refuses to run code that is not released', async () => {
    const report = await verifyBundle({
      folder: bundle.folder,
      anchors: NO_ANCHORS,
      knownRuntimes: new Set(),
    });
    expect(report.finding).toMatchObject({ step: 'V1', record: 'block 1 runtime' });
    expect(report).toMatchObject({ genesis: null, head: null, model: null, anchors: null });
  });

  it('stops with the signal’s reason', async () => {
    const reason = new Error('enough');
    const options = { folder: bundle.folder, anchors: NO_ANCHORS, knownRuntimes };
    const aborted = verifyBundle({ ...options, signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
  });
});
