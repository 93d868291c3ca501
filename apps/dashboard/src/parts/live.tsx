import type { ReactNode } from 'react';
import type { StreamState } from '../api/run-stream.js';
import { useNow } from './use-now.js';
import { ago } from './words.js';

/** How fresh the page is: heard now, or cut off and trying. */
export function Live({ stream }: { readonly stream: StreamState }): ReactNode {
  const now = useNow();
  const isLive = stream.link === 'live';
  return (
    <span className="live" data-link={stream.link}>
      <span aria-hidden="true">{isLive ? '●' : '◌'}</span> {stream.link}
      {stream.heardAtMs === undefined ? '' : ` · ${ago(stream.heardAtMs, now)}`}
    </span>
  );
}
