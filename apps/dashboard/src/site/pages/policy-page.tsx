import type { ReactNode } from 'react';
import { IdChip } from '../../parts/id-chip.js';
import { instant, MISSING } from '../../parts/words.js';
import { policyWords } from '../policy-words.js';
import { useSite } from '../site-context.js';

/** What this site accepts, and who it is. */
export default function PolicyPage(): ReactNode {
  const site = useSite();
  return (
    <>
      <h1>Policy</h1>
      <ul className="reasons">
        {policyWords(site).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p className="note">
        This is <code>policy</code> in node.yaml as it was when the node started,{' '}
        {instant(site.startedAtMs)} UTC. It is changed there, and holds from the next start on: a
        page is not where rules are made.
      </p>
      <h2>Who this site is</h2>
      <dl className="facts">
        <dt>Node</dt>
        <dd>
          {site.name}, number {site.node}, of {site.organisation}
        </dd>
        <dt>Node key</dt>
        <dd>
          <IdChip id={site.nodeKey} what="node key" />
        </dd>
        <dt>Owner key</dt>
        <dd>{site.hasOwnerKey ? 'lies in the folder of the site' : 'is kept elsewhere'}</dd>
        <dt>Coordinator</dt>
        <dd>{site.coordinators.join(', ')}</dd>
        <dt>Coordinator’s key</dt>
        <dd>
          <IdChip id={site.coordinatorKey} what="coordinator’s key" />
        </dd>
        <dt>Chain</dt>
        <dd>
          {site.chainUrl ?? MISSING} <IdChip id={site.chain} what="genesis of the chain" />
        </dd>
      </dl>
    </>
  );
}
