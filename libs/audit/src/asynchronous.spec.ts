import type { Hash, NodeId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { ExclusionReason, receiptHash } from '@tallystick/record';
import { contribOf, weightFor } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { type Rewrite, rewriteHistory, unchanged } from './testing/operator/rewrite-history.js';
import type { RoundDraft } from './testing/operator/round-draft.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { verifyBundle } from './verify-bundle.js';

/** A buffer of two; updates one and two rounds old are counted, and node 2 declines once. */
const SCRIPT = [
  ['train', 'train', 1, 2],
  ['train', 2, 'silent', 'silent'],
  [3, 'silent', 'decline', 'silent'],
  ['silent', 'silent', 'train', 'silent'],
] as const;
const SPEC = {
  rounds: 4,
  window: { count: { min: 1, max: 2 }, deadlineMs: 10_000 },
  asynchronous: { maxStaleness: 2 },
};

type Edit = Rewrite['edit'];

describe('asynchronous rounds', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  let evidence: Evidence;
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle({ script: SCRIPT, spec: SPEC });
    evidence = await openEvidence(bundle.folder);
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await bundle.remove();
  });

  /** The receipt of `node` that round `round` counted, as a contribution to the round of `draft`. */
  const again = (draft: RoundDraft, round: number, node: number) => {
    const { leaves, receipts } = evidence.history.rounds[round] ?? { leaves: [], receipts: [] };
    const signed = receipts[leaves.findIndex((leaf) => leaf.node === node)];
    const member = draft.members.find((one) => one.node === node);
    if (signed === undefined || member === undefined) throw new Error('there is none');
    const { value: receipt, signature } = signed;
    const weight = weightFor(evidence.history.spec.numeric, draft.task, { receipt, member });
    const { chain, run } = draft.task;
    const hash = receiptHash(sha256, receipt, signature);
    return {
      leaf: contribOf(sha256, { receipt, signature, weight }),
      signed,
      promise: {
        chain,
        run,
        round: draft.round,
        node: node as NodeId,
        receipt: hash,
        dueMs: 2n ** 62n,
      },
    };
  };

  /** The round over exactly these contributions; everyone else is pending. */
  const over = (draft: RoundDraft, taken: readonly ReturnType<typeof again>[]): RoundDraft => {
    const sorted = taken.toSorted((a, b) => a.leaf.node - b.leaf.node);
    const nodes = new Set(sorted.map(({ leaf }) => leaf.node));
    const reason = ExclusionReason.pending;
    return {
      ...draft,
      leaves: sorted.map(({ leaf }) => leaf),
      receipts: sorted.map(({ signed }) => signed),
      promises: sorted.map(({ promise }) => promise),
      declines: [],
      excluded: draft.members
        .filter(({ node }) => !nodes.has(node))
        .map(({ node }) => ({ node, receipt: '00'.repeat(32) as Hash, reason })),
    };
  };

  const found = async (from: number, edit: Edit, rounds = 4): Promise<unknown> => {
    const folder = await scratch.copyOf(bundle.folder);
    const tampered = new TamperedBundle(folder, evidence, bundle.keys);
    await rewriteHistory(tampered, { from, rounds, edit });
    const { finding } = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
    if (finding === null) return null;
    const { step, round, record, by } = finding;
    return { step, round, record, by };
  };

  it('E: an honest bundle is VERIFIED with the logs of the nodes', async () => {
    const anchors = { nodeKeys: [], logs: bundle.anchors };
    const report = await verifyBundle({ folder: bundle.folder, anchors, knownRuntimes });
    expect(report).toMatchObject({ verdict: 'VERIFIED', rounds: 4, emptyRounds: 0, finding: null });
    const { rounds } = evidence.history;
    expect(rounds.map(({ header }) => header.value.mode)).toEqual([2, 2, 2, 2]);
    const lags = rounds.map(({ round, receipts }) =>
      receipts.map(({ value }) => [value.node, round - value.round]),
    );
    expect(lags).toEqual([
      [
        [0, 0],
        [1, 0],
      ],
      [
        [0, 0],
        [2, 1],
      ],
      [
        [1, 1],
        [3, 2],
      ],
      [
        [0, 1],
        [2, 0],
      ],
    ]);
    expect(rounds[2]?.excluded.map(({ node, reason }) => [node, reason])).toEqual([
      [0, ExclusionReason.pending],
      [2, ExclusionReason.declined],
    ]);
  });

  it('E: what is made anew as it was is VERIFIED but for its anchors', async () => {
    expect(await found(2, unchanged)).toBeNull();
  });

  it('E: an update older than maxStaleness', async () => {
    const edit: Edit = (draft) =>
      draft.round === 2
        ? over(draft, [again(draft, 2, 1)])
        : over(draft, [again(draft, 3, 0), again(draft, 2, 3)]);
    // Round 2 counts one less, so that the update of node 3 is left for round 3: it is three rounds old there.
    expect(await found(2, edit)).toEqual({
      step: 'V4',
      round: 3,
      record: 'receipt of node 3 round',
      by: 'coordinator',
    });
  });

  it('E: a receipt that is counted twice', async () => {
    const edit: Edit = (draft) => over(draft, [again(draft, 1, 0), again(draft, 2, 3)]);
    expect(await found(2, edit, 3)).toEqual({
      step: 'V4',
      round: 2,
      record: 'receipt of node 0',
      by: 'coordinator',
    });
  });

  it('E: a receipt from after the round that counts it', async () => {
    const edit: Edit = (draft) => over(draft, [again(draft, 3, 0)]);
    expect(await found(1, edit, 2)).toMatchObject({
      step: 'V4',
      round: 1,
      record: 'receipt of node 0 round',
    });
  });

  it.each([
    ['the weight of a fresh one', 0],
    ['the weight of a staler one', 2],
  ])('E: an old update with %s', async (_, lag) => {
    const edit: Edit = (draft) => {
      const { numeric } = evidence.history.spec;
      const leaves = draft.leaves.map((leaf, i) => {
        const receipt = draft.receipts[i]?.value;
        const member = draft.members.find(({ node }) => node === leaf.node);
        if (receipt === undefined || member === undefined || leaf.node !== 0) return leaf;
        const round = receipt.round + lag;
        return {
          ...leaf,
          weight: weightFor(numeric, { ...draft.task, round }, { receipt, member }),
        };
      });
      return { ...draft, leaves };
    };
    expect(await found(3, edit)).toEqual({
      step: 'V7',
      round: 3,
      record: 'weight of node 0',
      by: 'coordinator',
    });
  });

  it('E: a round that closed below its buffer before its deadline, the others called pending', async () => {
    const edit: Edit = (draft) => over(draft, [again(draft, 3, 2)]);
    expect(await found(3, edit)).toMatchObject({
      step: 'V9',
      round: 3,
      record: 'rounds/0003/header.bin closedAtMs',
    });
  });

  it('E: a node called pending in a round of its own', async () => {
    const plain = await testBundle();
    try {
      const folder = await scratch.copyOf(plain.folder);
      const honest = await openEvidence(plain.folder);
      const last = honest.history.rounds.length - 1;
      const edit: Edit = (draft) => ({
        ...draft,
        excluded: draft.excluded.map((one) => ({ ...one, reason: ExclusionReason.pending })),
      });
      await rewriteHistory(new TamperedBundle(folder, honest, plain.keys), { from: last, edit });
      const { finding } = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
      expect(finding).toMatchObject({
        step: 'V9',
        round: last,
        record: 'exclusion of node 3',
        by: 'coordinator',
      });
    } finally {
      await plain.remove();
    }
  });

  it('E: a window that was over-selected and closed when it was full', async () => {
    const row = [
      'train',
      'train',
      'train',
      'train',
      'train',
      'silent',
      'silent',
      'silent',
    ] as const;
    const script = [row, row, row];
    const wide = await testBundle({ script });
    try {
      const anchors = { nodeKeys: [], logs: wide.anchors };
      const report = await verifyBundle({ folder: wide.folder, anchors, knownRuntimes });
      expect(report).toMatchObject({ verdict: 'VERIFIED', rounds: 3, finding: null });
      const { rounds } = (await openEvidence(wide.folder)).history;
      for (const { header, excluded } of rounds) {
        expect(header.value.closedAtMs).toBeLessThan(header.value.deadlineMs);
        expect(header.value).toMatchObject({ included: 4, excluded: 4 });
        const { late, silent } = ExclusionReason;
        expect(excluded.map(({ reason }) => reason)).toEqual([late, silent, silent, silent]);
      }
    } finally {
      await wide.remove();
    }
  });
});
