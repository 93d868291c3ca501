import { sourceOf } from '@tallystick/aggregation';
import { InProcessFolderFactory } from '@tallystick/compute';
import { type Hash, type Signer, TallyError, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  type Contrib,
  type Decline,
  type Exclude,
  type Header,
  HEADER,
  type Member,
  type Promise as PromiseRecord,
  PROMISE,
  type Receipt,
  recordHash,
  type RoundMode,
  type Signed,
  signRecord,
  type Task,
  TASK,
} from '@tallystick/record';
import {
  type BlobBytes,
  type BlobStore,
  cohortRootOf,
  contribTreeOf,
  excludedRootOf,
  foldSpecOf,
  modeOf,
  roundMetrics,
  weightedOf,
} from '@tallystick/rounds';
import type { RoundEvidence } from '../../bundle/round-evidence.js';
import type { History } from '../../history.js';

/** A round before it is closed anew: everything a dishonest operator can decide about it. */
export interface RoundDraft {
  readonly round: number;
  /** `cohortRoot` and `cohort` follow from `members`. */
  readonly task: Task;
  readonly members: readonly Member[];
  readonly leaves: readonly Contrib[];
  /** One for each leaf; whoever signed them. */
  readonly receipts: readonly Signed<Receipt>[];
  readonly excluded: readonly Exclude[];
  readonly declines: readonly Signed<Decline>[];
  readonly promises: readonly PromiseRecord[];
  readonly closedAtMs: bigint;
  /** Instead of the model and state that follow from the leaves. */
  readonly model?: Hash;
  readonly state?: Hash;
  /** Instead of the metrics that follow from the receipts. */
  readonly metrics?: string;
  /** Instead of the sum of the weights. */
  readonly sumWeight?: bigint;
}

/** What the round was, as a draft that leads to it again. */
export function draftOf(evidence: RoundEvidence): RoundDraft {
  const { round, task, cohort, leaves, receipts, excluded, declines, promises, header } = evidence;
  return {
    round,
    task: task.value,
    members: cohort,
    leaves,
    receipts,
    excluded,
    declines,
    promises: promises.map(({ value }) => value),
    closedAtMs: header.value.closedAtMs,
  };
}

/** Blobs of the honest bundle, and what the operator adds. */
export class OperatorBlobs implements BlobStore {
  readonly added: Map<Hash, Uint8Array> = new Map();
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  put(bytes: Uint8Array): Promise<Hash> {
    const id = sha256(bytes);
    this.added.set(id, bytes);
    return Promise.resolve(id);
  }

  async get(id: Hash): Promise<Uint8Array> {
    const bytes = this.added.get(id);
    if (bytes !== undefined) return bytes;
    if (!(await this.has(id))) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    return this.#history.blobs.read(id);
  }

  async withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T> {
    const bytes = await this.get(id);
    return use(sourceOf(bytes));
  }

  has(id: Hash): Promise<boolean> {
    return Promise.resolve(this.added.has(id) || this.#history.blobs.facts(id) !== undefined);
  }
}

/** Closes and signs: roots, metrics, model and state follow from the draft unless it says otherwise. */
export async function closeDraft(
  draft: RoundDraft,
  tools: { readonly history: History; readonly blobs: OperatorBlobs; readonly signer: Signer },
): Promise<RoundEvidence> {
  const { signer } = tools;
  const { round, members: cohort, leaves, receipts, excluded, declines } = draft;
  const task = { ...draft.task, cohortRoot: cohortRootOf(sha256, cohort), cohort: cohort.length };
  const { model, state } = await stepOf({ ...draft, task }, tools);
  const metrics = draft.metrics ?? metricsOf(draft);
  const mode = modeOf(tools.history.spec);
  const header = headerOf({ ...draft, task, model, state, metrics, mode });
  return {
    round,
    task: { value: task, signature: signRecord(TASK, task, signer).signature },
    cohort,
    header: { value: header, signature: signRecord(HEADER, header, signer).signature },
    leaves,
    excluded,
    receipts,
    declines,
    promises: draft.promises.map((value) => ({
      value,
      signature: signRecord(PROMISE, value, signer).signature,
    })),
    metrics,
  };
}

function metricsOf({ leaves, receipts }: RoundDraft): string {
  return roundMetrics(
    receipts.map(({ value: receipt, signature }, i) => {
      return { receipt, signature, weight: leaves[i]?.weight ?? 0n };
    }),
  );
}

async function stepOf(
  draft: RoundDraft,
  { history, blobs }: { readonly history: History; readonly blobs: OperatorBlobs },
): Promise<{ readonly model: Hash; readonly state: Hash }> {
  const { leaves, task, model, state } = draft;
  if (leaves.length === 0) return { model: model ?? task.model, state: state ?? task.state };
  if (model !== undefined && state !== undefined) return { model, state };
  const folders = new InProcessFolderFactory({ blobs, sha256 });
  const folder = await folders.open(foldSpecOf(history.spec, task));
  await folder.rebuild(leaves.map((leaf) => weightedOf(history.spec, leaf)));
  const result = await folder.finish();
  await folder.close();
  if (!result.ok) throw new RangeError(`round ${draft.round} has no finite model`);
  return { model: model ?? result.model, state: state ?? result.state };
}

type Closing = RoundDraft & {
  readonly model: Hash;
  readonly state: Hash;
  readonly metrics: string;
  readonly mode: RoundMode;
};

function headerOf(draft: Closing): Header {
  const { task, leaves, excluded, members, model, state, metrics, closedAtMs } = draft;
  const tree = contribTreeOf(sha256, leaves);
  const { chain, run, round, prev, atBlock, deadlineMs } = task;
  return {
    chain,
    mode: draft.mode,
    run,
    round,
    prev,
    task: recordHash(sha256, TASK, task),
    atBlock,
    modelBefore: task.model,
    modelAfter: model,
    stateAfter: state,
    contribRoot: tree.root,
    included: leaves.length,
    sumWeight: draft.sumWeight ?? tree.total,
    excludedRoot: excludedRootOf(sha256, excluded),
    excluded: excluded.length,
    cohort: members.length,
    metrics: sha256(utf8(metrics)),
    deadlineMs,
    closedAtMs,
  };
}
