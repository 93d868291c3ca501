import { decodeModel, encodeModel } from '@tallystick/aggregation';
import { sha256 } from '@tallystick/kernel/node';
import { ExclusionReason } from '@tallystick/record';
import { roundPath } from '../../bundle/layout.js';
import { keyOf } from '../fixture/test-keys.js';
import { accept, acceptedAt, foreignGenesis, unreleased } from '../operator/foreign-genesis.js';
import { type EditTools, rewriteHistory, unchanged } from '../operator/rewrite-history.js';
import type { RoundDraft } from '../operator/round-draft.js';
import { TamperedBundle } from '../operator/tampered-bundle.js';
import { emptied } from './last-round-anew.js';
import {
  type AnchorChoice,
  type Expectation,
  type Manipulation,
  repaired,
} from './manipulation.js';
import { lastRound, middleRound, roundWithDecline, the } from './pick.js';

/** The first receipt after `round`: its signature covers every header before it. */
function nextReceipt(bundle: TamperedBundle, after: number): Expectation {
  const later = bundle.rounds.slice(after + 1).find(({ leaves }) => leaves.length > 0);
  const { round, leaves } = the(later);
  return {
    step: 'V4',
    round,
    record: `receipt of node ${the(leaves[0]).node} prev`,
    by: 'coordinator',
  };
}

/** A middle round closed anew, and every later one after it. */
function middleRoundAnew(
  name: string,
  edit: (draft: RoundDraft, tools: EditTools) => RoundDraft | Promise<RoundDraft>,
): Manipulation {
  return repaired(name, 'none', async (bundle) => {
    const { round } = middleRound(bundle);
    await rewriteHistory(bundle, {
      from: round,
      edit: (draft, tools) => (draft.round === round ? edit(draft, tools) : draft),
    });
    return nextReceipt(bundle, round);
  });
}

const middles: readonly Manipulation[] = [
  middleRoundAnew(
    'a model in the middle, and the whole history after it',
    async (draft, { blobs }) => {
      const { manifest, weights } = decodeModel(sha256, await blobs.get(draft.task.model));
      return { ...draft, model: await blobs.put(encodeModel(manifest, weights.fill(1))) };
    },
  ),
  middleRoundAnew('a weight in the middle, and the whole history after it', (draft) => {
    const leaf = the(draft.leaves[0]);
    return { ...draft, leaves: draft.leaves.with(0, { ...leaf, weight: leaf.weight + 1n }) };
  }),
  middleRoundAnew('a closing time in the middle, and the whole history after it', (draft) => ({
    ...draft,
    closedAtMs: draft.closedAtMs + 1n,
  })),
  repaired(
    'a decline turned into silence, and the whole history after it',
    'none',
    async (bundle) => {
      const declined = roundWithDecline(bundle);
      if (declined === undefined) return undefined;
      const { round } = declined;
      const silent = ({ excluded }: RoundDraft) =>
        excluded.map((leaf) => ({ ...leaf, reason: ExclusionReason.silent }));
      await rewriteHistory(bundle, {
        from: round,
        edit: (draft) =>
          draft.round === round ? { ...draft, declines: [], excluded: silent(draft) } : draft,
      });
      return nextReceipt(bundle, round);
    },
  ),
];

/** The history from the acceptance of the run on, with another coordinator key. */
function otherCoordinator(anchors: AnchorChoice, expected: Expectation): Manipulation {
  return repaired(`another coordinator key, anchors: ${anchors}`, anchors, async (bundle) => {
    const keys = { ...bundle.keys, coordinator: keyOf('other coordinator') };
    const { history } = bundle.honest;
    await rewriteHistory(new TamperedBundle(bundle.folder, bundle.honest, keys), {
      from: 0,
      keepBlocks: acceptedAt(history) - 1,
      prepare: (chain) => accept(chain, history, keys),
      edit: unchanged,
    });
    return expected;
  });
}

/** The same run on another chain in which the real nodes are planted. */
function onForeignChain(
  name: string,
  anchors: AnchorChoice,
  options: { readonly expected: Expectation; readonly change?: (code: Uint8Array) => Uint8Array },
): Manipulation {
  return repaired(name, anchors, async (bundle) => {
    const { honest, keys } = bundle;
    await rewriteHistory(bundle, {
      from: 0,
      genesis: await foreignGenesis(honest, keys.authority, options.change),
      prepare: (chain) => accept(chain, honest.history, keys),
      edit: unchanged,
    });
    return options.expected;
  });
}

const wholes: readonly Manipulation[] = [
  otherCoordinator('none', {
    step: 'V4',
    round: 0,
    record: 'receipt of node 0 task',
    by: 'coordinator',
  }),
  otherCoordinator('whole', { step: 'V2', record: 'coordinator key in ', by: 'chain operator' }),
  onForeignChain('a foreign genesis', 'whole', {
    expected: { step: 'V1', record: 'genesis in ', by: 'chain operator' },
  }),
  onForeignChain('a foreign genesis, without anchors', 'none', {
    expected: { step: 'V4', round: 0, record: 'receipt of node 0 chain', by: 'coordinator' },
  }),
  onForeignChain('a runtime that was never released', 'none', {
    expected: { step: 'V1', record: 'block 1 runtime', by: 'chain operator' },
    change: unreleased,
  }),
];

const ends: readonly Manipulation[] = [
  repaired('the history cut off before its last round', 'whole', async (bundle) => {
    const { round } = lastRound(bundle);
    await rewriteHistory(bundle, { from: round, rounds: round, edit: unchanged });
    return { step: 'V2', round, record: 'header in ', by: 'coordinator' };
  }),
  repaired('a round after the end of the run', 'none', async (bundle) => {
    const round = lastRound(bundle).round + 1;
    await rewriteHistory(bundle, {
      from: round,
      rounds: round + 1,
      edit: (draft) => emptied(draft),
    });
    return { step: 'V2', round, record: roundPath(round, 'task.bin'), by: 'coordinator' };
  }),
];

/** Histories written anew from some point on. */
export const REBUILT_HISTORY: readonly Manipulation[] = [...middles, ...wholes, ...ends];
