import { asHash, asNodeId, type Hash, isTallyError } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from './report.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { verifyBundle } from './verify-bundle.js';
import type { OwnNode } from './with-retraining.js';

const NODE = asNodeId(1);
const OTHER = asHash('0e'.repeat(32));

describe('V12', () => {
  let bundle: TestBundle;
  let evidence: Evidence;

  beforeAll(async () => {
    bundle = await testBundle();
    evidence = await openEvidence(bundle.folder);
  }, 60_000);
  afterAll(() => bundle.remove());

  async function audit(ownNode?: OwnNode): Promise<AuditReport> {
    const knownRuntimes = await releasedRuntimes();
    const options = { folder: bundle.folder, anchors: NO_ANCHORS, knownRuntimes };
    return verifyBundle({ ...options, ...(ownNode === undefined ? {} : { ownNode }) });
  }

  /** What the node sent in a round. */
  function sent(round: number): Hash {
    const leaves = evidence.history.rounds[round]?.leaves ?? [];
    return leaves.find(({ node }) => node === NODE)?.update ?? OTHER;
  }

  it('trains the newest counted round of the node again, from its model', async () => {
    const asked: unknown[] = [];
    const report = await audit({
      node: NODE,
      retrain({ task, model }) {
        asked.push([task.round, model.weights.length]);
        return Promise.resolve(sent(task.round));
      },
    });
    expect(report.finding).toBeNull();
    expect(report.steps.at(-1)).toMatchObject({ step: 'V12', outcome: 'passed', checked: 1 });
    expect(asked).toEqual([[evidence.history.rounds.length - 1, 11]]);
  });

  it('E: an update that its data do not give is the node’s, and is missed without V12', async () => {
    const ownNode = { node: NODE, retrain: () => Promise.resolve(OTHER) };
    expect((await audit(ownNode)).finding).toMatchObject({
      step: 'V12',
      record: 'update of node 1',
      expected: OTHER,
      by: 'node 1',
    });
    expect((await audit()).finding).toBeNull();
  });

  it('says so when the node was never counted', async () => {
    const ownNode = { node: asNodeId(9), retrain: () => Promise.resolve(OTHER) };
    const refused = await audit(ownNode).catch((error: unknown) => error);
    expect(isTallyError(refused, 'USAGE_INVALID')).toBe(true);
  });
});
