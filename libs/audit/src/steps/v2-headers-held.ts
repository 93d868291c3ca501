import type { Header } from '@tallystick/record';
import { isVoid, type VoidSpan } from '@tallystick/rounds';
import type { NodeAnchor } from '../anchors.js';
import { demand, demandEqual } from '../findings.js';
import { type History, roundOf } from '../history.js';
import { readRound } from '../state/stored-run.js';
import { headerHash } from './v2-headers.js';

/** What a node holds must be part of this history, and no longer than it. */
export function checkHeldHeaders(history: History, log: NodeAnchor): void {
  const keys = history.run.coordinatorKeys.map(({ key }) => key);
  const pinned = { record: `coordinator key in ${log.name}`, by: 'chain operator' } as const;
  demand(keys.includes(log.coordinatorKey), pinned, log.coordinatorKey, keys.join(', '));
  checkClaimedVoids(history, log);
  for (const header of log.headers) {
    const { round } = header;
    if (isVoid(history.voids, round)) {
      checkVoidHeader(history, header, log);
      continue;
    }
    const own = roundOf(history.rounds, round);
    const found = own === undefined ? 'no such round' : headerHash(own.header.value);
    const place = { round, record: `header in ${log.name}`, by: 'coordinator' } as const;
    demandEqual(headerHash(header), found, place);
  }
}

/** The coordinator may not say of rounds that they do not count when they do: the node has gone back on them. */
function checkClaimedVoids({ voids }: History, log: NodeAnchor): void {
  const place = { record: `voids in ${log.name}`, by: 'coordinator' } as const;
  const textOf = ({ from, until }: VoidSpan): string => `rounds ${from} to ${until - 1} void`;
  for (const claimed of log.voids ?? []) {
    const isTrue = voids.some(({ from, until }) => from <= claimed.from && claimed.until <= until);
    const chain = voids.length === 0 ? 'no round void' : voids.map(textOf).join(', ');
    demand(isTrue, place, `${chain} on the chain`, textOf(claimed));
  }
}

/** A header of a void round is the one that was committed, if any was. */
function checkVoidHeader({ chain, runId }: History, header: Header, log: NodeAnchor): void {
  const { round } = header;
  const stored = readRound(chain.stateAt(chain.head.number), runId, round);
  const place = { round, record: `header in ${log.name}`, by: 'coordinator' } as const;
  demandEqual(headerHash(header), stored?.header ?? headerHash(header), place);
}
