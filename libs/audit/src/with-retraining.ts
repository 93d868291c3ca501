import { decodeModel, type Model } from '@tallystick/aggregation';
import { type Hash, type NodeId, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { RunSpec } from '@tallystick/protocol';
import type { Task } from '@tallystick/record';
import { demandEqual } from './findings.js';
import type { History } from './history.js';
import { BundleBlobs } from './steps/bundle-blobs.js';
import type { StepTable } from './verify-bundle.js';

/** A node at whose site the audit runs. */
export interface OwnNode {
  readonly node: NodeId;
  /** Id of the update that its data give for this task, from its seed. Throws what training throws. */
  readonly retrain: (job: {
    readonly task: Task;
    readonly spec: RunSpec;
    readonly model: Model;
  }) => Promise<Hash>;
}

/**
 * These steps and V12: the newest round that counted an update of this node, trained again. The same data, seed and
 * reproducible engine give the same bytes; another update is one that the node's software did not make of these data.
 */
export function withRetraining(steps: StepTable, own: OwnNode): StepTable {
  const step = async (history: History): Promise<number> => {
    const { spec, rounds, blobs } = history;
    refuseCarried(spec);
    const { node, retrain } = own;
    const counted = rounds.findLast(({ leaves }) => leaves.some((leaf) => leaf.node === node));
    if (counted === undefined) {
      throw new TallyError('USAGE_INVALID', { detail: `node ${node} was not counted in this run` });
    }
    const { round, task, leaves } = counted;
    const model = decodeModel(sha256, await new BundleBlobs(blobs).get(task.value.model));
    const update = await retrain({ task: task.value, spec, model });
    const leaf = leaves.find((each) => each.node === node);
    const place = { round, record: `update of node ${node}`, by: `node ${node}` } as const;
    demandEqual(update, leaf?.update ?? 'no update', place);
    return 1;
  };
  return { ...steps, after: [...steps.after, { id: 'V12', step }] };
}

/** What a site carries from round to round is not kept, so such a round cannot be done again on its own. */
function refuseCarried({ numeric, strategy }: RunSpec): void {
  const isExact = numeric.codec === 'i32' && numeric.topPpm === undefined;
  if (isExact && !('scaffold' in strategy)) return;
  const detail =
    'nodes of this run carry something from round to round; no round is done again alone';
  throw new TallyError('USAGE_INVALID', { detail });
}
