import type { NodeId } from '@tallystick/kernel';
import { ExclusionReason } from '@tallystick/record';
import type { DeclineRow } from './ports/index.js';

/** Names in one text; a run may have ten thousand nodes. */
const MAX_NAMED = 8;
/** A node's own words in it. */
const MAX_WORDS = 200;

/** What came of a cohort node that did not contribute: its decline, why its receipt was refused, or nothing. */
export interface MissingNode {
  readonly node: NodeId;
  readonly declined?: DeclineRow | undefined;
  readonly refused?: number | undefined;
}

/** Who is missing and why, for people. */
export function missingNodes(missing: readonly MissingNode[]): string {
  const named = missing.slice(0, MAX_NAMED).map(textOf);
  const more = missing.length - named.length;
  return [...named, ...(more === 0 ? [] : [`and ${more} more`])].join('; ');
}

function textOf({ node, declined, refused }: MissingNode): string {
  if (declined !== undefined) {
    const { told, reason } = declined;
    const why = told === undefined ? `reason ${reason}` : `${told.code}: ${told.message}`;
    return `node ${node} declined (${why.slice(0, MAX_WORDS)})`;
  }
  if (refused === undefined) return `node ${node} was silent`;
  const name = Object.entries(ExclusionReason).find(([, reason]) => reason === refused)?.[0];
  return `node ${node} was refused (${name ?? refused})`;
}
