import type { Anchors, NodeAnchor } from '../anchors.js';
import type { AnchorChoice } from './manipulations/manipulation.js';

/** The auditor brings nothing. */
export const NO_ANCHORS: Anchors = { nodeKeys: [], logs: [] };

/** What the auditor brings for a choice. @param rounds rounds of the honest run */
export function anchorsFor(
  choice: AnchorChoice,
  logs: readonly NodeAnchor[],
  rounds: number,
): Anchors {
  switch (choice) {
    case 'none':
      return NO_ANCHORS;
    case 'whole':
      return { nodeKeys: [], logs };
    case 'before the last result': {
      const older = logs.map((log) => ({
        ...log,
        headers: log.headers.filter(({ round }) => round < rounds - 1),
      }));
      return { nodeKeys: [], logs: older };
    }
  }
}
