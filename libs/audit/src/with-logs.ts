import type { NodeAnchor } from './anchors.js';
import type { StepId } from './findings.js';
import type { History } from './history.js';
import type { StepEntry } from './play-steps.js';
import { checkHeldHeaders } from './steps/v2-headers-held.js';
import { checkOwnReceipts } from './steps/v4-own-receipts.js';
import { checkPromisesHeld } from './steps/v9-promises-held.js';

/** What a node's own log holds against a history, by the step that it belongs to. */
const HELD: Readonly<Partial<Record<StepId, (history: History, log: NodeAnchor) => void>>> = {
  V2: checkHeldHeaders,
  V4: checkOwnReceipts,
  V9: checkPromisesHeld,
};

/** The step, then what the logs hold against it: an outsider's page has none. */
export function withLogs({ id, step }: StepEntry): StepEntry {
  const check = HELD[id];
  if (check === undefined) return { id, step };
  return {
    id,
    step: async (history) => {
      const checked = await step(history);
      for (const log of history.anchors.logs) check(history, log);
      return checked;
    },
  };
}
