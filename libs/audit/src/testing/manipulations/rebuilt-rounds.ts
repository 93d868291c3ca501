import { decodeModel, decodeState, encodeModel, encodeState } from '@tallystick/aggregation';
import { asNodeId, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { canonicalJson, ExclusionReason } from '@tallystick/record';
import type { RoundDraft } from '../operator/round-draft.js';
import { flipped } from '../operator/tampered-bundle.js';
import {
  inFile,
  type LastRound,
  lastRoundAnew,
  ofFirstExcluded,
  ofFirstLeaf,
} from './last-round-anew.js';
import type { Manipulation } from './manipulation.js';
import { lastRound, the } from './pick.js';

/** The first exclusion with these changes; undefined when everybody is counted. */
function withExclusion(
  draft: RoundDraft,
  change: Partial<RoundDraft['excluded'][number]>,
): RoundDraft | undefined {
  const [first] = draft.excluded;
  if (first === undefined) return undefined;
  return { ...draft, excluded: draft.excluded.with(0, { ...first, ...change }) };
}

const trees: readonly LastRound[] = [
  {
    name: 'leaves in another order, everything made to fit',
    step: 'V3',
    record: inFile('leaves.bin'),
    edit: (draft) => ({
      ...draft,
      leaves: draft.leaves.toReversed(),
      receipts: draft.receipts.toReversed(),
    }),
  },
  {
    name: 'a node counted twice, everything made to fit',
    step: 'V3',
    record: inFile('leaves.bin'),
    edit: (draft) => ({
      ...draft,
      leaves: draft.leaves.with(1, the(draft.leaves[0])),
      receipts: draft.receipts.with(1, the(draft.receipts[0])),
    }),
  },
  {
    name: 'a larger sum of weights in the header',
    step: 'V3',
    record: inFile('leaves.bin'),
    edit: (draft) => ({
      ...draft,
      sumWeight: draft.leaves.reduce((sum, { weight }) => sum + weight, 1n),
    }),
  },
  {
    name: 'a stranger excluded instead of a member',
    step: 'V3',
    record: () => 'included and excluded nodes',
    edit: (draft) => withExclusion(draft, { node: asNodeId(4_000) }),
  },
];

const exclusions: readonly LastRound[] = [
  {
    name: 'an exclusion dressed as a decline',
    step: 'V4',
    record: inFile('declines.bin'),
    edit: (draft) => withExclusion(draft, { reason: ExclusionReason.declined }),
  },
  {
    name: 'an accepted receipt excluded from a round that counts',
    step: 'V9',
    record: ofFirstExcluded('exclusion of node'),
    edit: (draft) => {
      const receipt = flipped(ZERO_HASH);
      const edited = withExclusion(draft, { reason: ExclusionReason.quorum, receipt });
      const node = draft.excluded[0]?.node ?? asNodeId(0);
      const promise = { ...the(draft.promises[0]), node, receipt };
      const promises = [...draft.promises, promise].toSorted((a, b) => a.node - b.node);
      return edited && { ...edited, promises };
    },
  },
  {
    name: 'a reason that the protocol does not have',
    step: 'V9',
    record: ofFirstExcluded('exclusion of node'),
    edit: (draft) => withExclusion(draft, { reason: 99 }),
  },
  {
    name: 'a refusal without the receipt it refused',
    step: 'V9',
    record: ofFirstExcluded('exclusion of node'),
    edit: (draft) => withExclusion(draft, { reason: ExclusionReason.malformed }),
  },
  {
    name: 'a slow node given up before the deadline',
    step: 'V9',
    record: inFile('header.bin', ' closedAtMs'),
    edit: (draft) => {
      const closedAtMs = draft.task.deadlineMs - 2_000n;
      const silent = draft.excluded.some(({ reason }) => reason === ExclusionReason.silent);
      return silent ? { ...draft, closedAtMs } : undefined;
    },
  },
];

const results: readonly LastRound[] = [
  {
    name: 'a weight doubled, everything made to fit',
    step: 'V7',
    record: ofFirstLeaf('weight of node'),
    edit: (draft) => {
      const leaf = the(draft.leaves[0]);
      return { ...draft, leaves: draft.leaves.with(0, { ...leaf, weight: leaf.weight * 2n }) };
    },
  },
  {
    name: 'better metrics, everything made to fit',
    step: 'V7',
    record: inFile('metrics.json'),
    edit: (draft) => ({ ...draft, metrics: canonicalJson({ lossAfter: 1, lossBefore: 2 }) }),
  },
  {
    name: 'a model of the operator’s own, everything made to fit',
    step: 'V8',
    record: () => 'model after the round',
    edit: async (draft, { blobs, bundle }) => {
      const { modelAfter } = lastRound(bundle).header.value;
      const { manifest, weights } = decodeModel(sha256, await blobs.get(modelAfter));
      weights[0] = (weights[0] ?? 0) + 1;
      return { ...draft, model: await blobs.put(encodeModel(manifest, weights)) };
    },
  },
  {
    name: 'an optimizer state of the operator’s own, everything made to fit',
    step: 'V8',
    record: () => 'state after the round',
    edit: async (draft, { blobs, bundle }) => {
      const { modelAfter, stateAfter } = lastRound(bundle).header.value;
      if (stateAfter === ZERO_HASH) return undefined;
      const { manifest } = decodeModel(sha256, await blobs.get(modelAfter));
      const state = decodeState(manifest, await blobs.get(stateAfter));
      if (state.m === undefined) return undefined;
      state.m[0] = (state.m[0] ?? 0) + 1;
      return { ...draft, state: await blobs.put(encodeState(manifest, state)) };
    },
  },
  {
    name: 'another closing time, against the nodes’ logs',
    anchors: 'whole',
    step: 'V2',
    record: () => 'header in ',
    edit: (draft) => ({ ...draft, closedAtMs: draft.closedAtMs + 1n }),
  },
];

/** Trees, exclusions, weights and models of the last round. */
export const REBUILT_ROUNDS: readonly Manipulation[] = [...trees, ...exclusions, ...results].map(
  lastRoundAnew,
);
