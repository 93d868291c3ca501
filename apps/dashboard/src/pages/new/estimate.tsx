import type { EstimateView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { Status } from '../../parts/status.js';
import { bytes, count, duration, MISSING } from '../../parts/words.js';

/** What the run would cost and who may decline, from what was measured here. */
export function Estimate({ estimate }: { readonly estimate: EstimateView }): ReactNode {
  const { sites, seconds } = estimate;
  const here = sites.filter(({ connected }) => connected).length;
  return (
    <>
      <dl className="facts">
        <dt>Sites</dt>
        <dd>
          {here} online of {sites.length}; a round needs {estimate.needed}
        </dd>
        <dt>Parameters</dt>
        <dd>{count(estimate.parameters)}</dd>
        <dt>One update</dt>
        <dd>{bytes(estimate.updateBytes)}</dd>
        <dt>Each site, all rounds</dt>
        <dd>{bytes(estimate.siteBytes)}</dd>
        <dt>Time</dt>
        <dd>
          {seconds === null
            ? `${MISSING} (nobody was measured yet)`
            : `about ${duration(seconds * 1_000)}, by the slowest site’s last rounds`}
        </dd>
      </dl>
      <h3>Who may decline</h3>
      <ul className="reasons">
        {sites.map(({ node, name, connected, declined }) => (
          <li key={node}>
            <strong>{name}</strong> <Status word={connected ? 'online' : 'offline'} />{' '}
            {declined === null ? (
              'no decline known for this purpose and data set'
            ) : (
              <>
                declined run {declined.run}: <code>{declined.code}</code> {declined.message}
              </>
            )}
          </li>
        ))}
      </ul>
      <p className="note">
        A policy is the site’s own and is asked when the run starts; this is what the sites answered
        before.
      </p>
    </>
  );
}
