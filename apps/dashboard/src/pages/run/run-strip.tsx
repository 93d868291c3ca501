import type { RunView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import type { Sites } from '../../api/nodes.js';
import type { StreamState } from '../../api/run-stream.js';
import { Live } from '../../parts/live.js';
import { Status } from '../../parts/status.js';
import { useNow } from '../../parts/use-now.js';
import { duration, names } from '../../parts/words.js';
import { useSlowly } from '../../parts/use-slowly.js';

interface Props {
  readonly view: RunView;
  readonly stream: StreamState;
  readonly sites: Sites;
}

/** One line: where the run stands, whom it waits for and for how long, and how much of it is on the chain. */
export function RunStrip({ view, stream, sites }: Props): ReactNode {
  const isOver = view.endedAtMs !== null;
  const now = useNow(!isOver);
  const spoken = useSlowly(`${view.status}, ${view.closedRounds} of ${view.rounds} rounds`);
  return (
    <div className="strip">
      <Status word={view.status} />
      <span>
        round {view.closedRounds}/{view.rounds}
      </span>
      <Waiting view={view} stream={stream} sites={sites} now={now} />
      <span>
        ✓ {view.committedRounds}/{view.closedRounds} on chain
      </span>
      <span>{duration((view.endedAtMs ?? now) - view.createdAtMs)}</span>
      {isOver ? null : <Live stream={stream} />}
      {view.reason === null ? null : <span className="reason">{view.reason}</span>}
      <span role="status" className="spoken">
        {spoken}
      </span>
    </div>
  );
}

/** Who has not answered the open round, and since when it is open. */
function Waiting({ view, stream, sites, now }: Props & { readonly now: number }): ReactNode {
  const { current } = view;
  if (current === null)
    return view.status === 'queued' ? <span>place {view.queue} in the queue</span> : null;
  if (current.phase !== 'collecting') return <span>{current.phase}</span>;
  const openedAtMs = stream.events.findLast(
    ({ type, round }) => type === 'round.opened' && round === current.round,
  )?.atMs;
  const since =
    openedAtMs === undefined
      ? ''
      : `, ${duration(Math.max(0, Math.floor((now - openedAtMs) / 1_000) * 1_000))}`;
  const waiting = current.waitingFor.map((node) => {
    const site = sites.list.find((one) => one.node === node);
    return site?.connected === false ? `${site.name} (offline)` : sites.nameOf(node);
  });
  if (waiting.length === 0) return <span>every site has answered</span>;
  return (
    <span className="waiting">
      waiting for {waiting.length} of {current.cohort} ({names(waiting)}
      {since})
    </span>
  );
}
