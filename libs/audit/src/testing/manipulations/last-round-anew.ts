import { ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { ExclusionReason, type Receipt, receiptHash, type Signed } from '@tallystick/record';
import { contribOf, weightFor } from '@tallystick/rounds';
import type { RoundFile } from '../../bundle/layout.js';
import { roundPath } from '../../bundle/layout.js';
import type { Culprit, StepId } from '../../findings.js';
import { type EditTools, rewriteHistory } from '../operator/rewrite-history.js';
import type { RoundDraft } from '../operator/round-draft.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';
import { type AnchorChoice, type Manipulation, repaired } from './manipulation.js';
import { lastRound, the } from './pick.js';

/** An edit of the last round and what must come of it. */
export interface LastRound {
  readonly name: string;
  /** `none` when absent. */
  readonly anchors?: AnchorChoice;
  readonly step: StepId;
  /** Start of the finding's record. */
  readonly record: (draft: RoundDraft) => string;
  /** The coordinator when absent. */
  readonly by?: Culprit;
  /** Undefined: this bundle has nothing of the kind. */
  readonly edit: (
    draft: RoundDraft,
    tools: EditTools & { readonly bundle: TamperedBundle },
  ) => RoundDraft | undefined | Promise<RoundDraft | undefined>;
}

/**
 * The last round closed anew: no receipt of a later round covers it, so only its own content can give it away. Whoever
 * holds its header finds it in V2.
 */
export function lastRoundAnew(options: LastRound): Manipulation {
  const { name, anchors = 'none', step, record, by = 'coordinator', edit } = options;
  return repaired(name, anchors, async (bundle) => {
    const { round } = lastRound(bundle);
    let edited: RoundDraft | undefined;
    await rewriteHistory(bundle, {
      from: round,
      edit: async (draft, tools) => {
        edited = await edit(draft, { ...tools, bundle });
        return edited ?? draft;
      },
    });
    return edited && { step, round, record: record(edited), by };
  });
}

/** The path of a file of the round. */
export function inFile(file: RoundFile, field = ''): (draft: RoundDraft) => string {
  return ({ round }) => `${roundPath(round, file)}${field}`;
}

/** `<what> of node <the first that is counted>`. */
export function ofFirstLeaf(what: string): (draft: RoundDraft) => string {
  return ({ leaves }) => `${what} ${the(leaves[0]).node}`;
}

/** `<what> of node <the first that is excluded>`. */
export function ofFirstExcluded(what: string): (draft: RoundDraft) => string {
  return ({ excluded }) => `${what} ${the(excluded[0]).node}`;
}

/** The first receipt replaced, its leaf, weight and promise made to fit. */
export function withFirstReceipt(
  draft: RoundDraft,
  signed: Signed<Receipt>,
  { honest }: TamperedBundle,
): RoundDraft {
  const leaf = the(draft.leaves[0]);
  const { value: receipt, signature } = signed;
  const member = the(draft.members.find(({ node }) => node === leaf.node));
  const weight = weightFor(honest.history.spec.numeric, draft.task, { receipt, member });
  const hash = receiptHash(sha256, receipt, signature);
  return {
    ...draft,
    receipts: draft.receipts.with(0, signed),
    leaves: draft.leaves.with(0, contribOf(sha256, { receipt, signature, weight })),
    promises: draft.promises.map((promise) =>
      promise.node === leaf.node ? { ...promise, receipt: hash } : promise,
    ),
  };
}

/** The round closed empty, as if nobody had answered; model and state stay. */
export function emptied(draft: RoundDraft, reason: number = ExclusionReason.silent): RoundDraft {
  const excluded = draft.members.map(({ node }) => ({ node, receipt: ZERO_HASH, reason }));
  return { ...draft, leaves: [], receipts: [], declines: [], promises: [], excluded };
}
