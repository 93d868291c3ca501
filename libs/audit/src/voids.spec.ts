import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hash } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeAnchor } from './anchors.js';
import { roundPath } from './bundle/layout.js';
import type { AuditReport } from './report.js';
import { renderReport } from './render-report.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { Scratch } from './testing/scratch.js';
import { verifyBundle } from './verify-bundle.js';

/** Rounds 0 and 1 count, round 2 waits for its deadline; then the chain voids round 1 and what follows. */
const OPTIONS = {
  script: [
    ['train', 'train', 'train', 'train'],
    ['train', 'train', 'train', 'train'],
    ['train', 'train', 'silent', 'silent'],
  ],
  voidFrom: 1,
} as const;

describe('a run of which the chain voided rounds', () => {
  const scratch = new Scratch();
  let knownRuntimes: ReadonlySet<Hash>;
  let bundle: TestBundle;
  beforeAll(async () => {
    knownRuntimes = await releasedRuntimes();
    bundle = await testBundle(OPTIONS);
  }, 60_000);
  afterAll(async () => {
    await bundle.remove();
    await scratch.dispose();
  });

  const audited = (
    folder: string = bundle.folder,
    logs: readonly NodeAnchor[] = bundle.anchors,
  ): Promise<AuditReport> =>
    verifyBundle({ folder, anchors: { nodeKeys: [], logs }, knownRuntimes });

  it('is verified with the gap named, by the logs of nodes that saw the void rounds', async () => {
    const report = await audited();
    expect(report.finding).toBeNull();
    expect(report).toMatchObject({ verdict: 'VERIFIED', rounds: 3, plannedRounds: 3 });
    const note =
      'rounds 1 to 1025 are void by the chain, and count nowhere: 1 committed round is among them';
    expect(report.notes).toEqual([note]);
    expect(renderReport(report).join('\n')).toContain(note);
    const held = bundle.anchors[0]?.headers.map(({ round }) => round);
    expect(held).toEqual([0, 1, 1_026, 1_027]);
  });

  it('has no file of a void round', async () => {
    const evidence = await openEvidence(bundle.folder);
    expect(evidence.history.rounds.map(({ round }) => round)).toEqual([0, 1_026, 1_027]);
    expect([...evidence.history.commits.keys()]).toEqual([0, 1_026, 1_027]);
  });

  it('that leaves a round out which counts is found: the chain says void of others', async () => {
    const folder = await scratch.copyOf(bundle.folder);
    await rm(join(folder, roundPath(1_026, 'header.bin')));
    expect((await audited(folder)).finding).not.toBeNull();
  });

  it('whose coordinator told a node of voids that the chain does not know is named', async () => {
    const [first, ...others] = bundle.anchors;
    if (first === undefined) throw new Error('four nodes');
    const claimed = { ...first, voids: [{ from: 0, until: 1_026 }] };
    const { finding } = await audited(bundle.folder, [claimed, ...others]);
    expect(finding).toMatchObject({
      step: 'V2',
      record: 'voids in node-0.log',
      expected: 'rounds 1 to 1025 void on the chain',
      found: 'rounds 0 to 1025 void',
      by: 'coordinator',
    });
  });

  it('whose coordinator gave a node another header of a void round is named', async () => {
    const [first, ...others] = bundle.anchors;
    const [zero, one, ...later] = first?.headers ?? [];
    if (first === undefined || zero === undefined || one === undefined) throw new Error('headers');
    const headers = [zero, { ...one, closedAtMs: one.closedAtMs + 1n }, ...later];
    const { finding } = await audited(bundle.folder, [{ ...first, headers }, ...others]);
    expect(finding).toMatchObject({ step: 'V2', round: 1, record: 'header in node-0.log' });
  });
});
