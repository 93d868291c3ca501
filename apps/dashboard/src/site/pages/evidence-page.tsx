import type { SiteEvidence, SiteFault } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { useData } from '../../api/use-data.js';
import { Trouble } from '../../parts/trouble.js';
import { count } from '../../parts/words.js';

const LOOK_MS = 5_000;

/** What both sides signed, and what of it does not fit. */
export default function EvidencePage(): ReactNode {
  const { value, error } = useData<SiteEvidence>('evidence', LOOK_MS);
  return (
    <>
      <h1>Evidence</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {value === undefined ? <p className="wait">Loading</p> : <Counts evidence={value} />}
      <h2>Faults of the coordinator</h2>
      {value?.faultCount === 0 ? (
        <p>None was found: what it signed to this site fits together.</p>
      ) : null}
      {value !== undefined && value.faults.length < value.faultCount ? (
        <p className="note">
          The newest {value.faults.length} of {value.faultCount}; all lie in <code>evidence/</code>.
        </p>
      ) : null}
      {value?.faults.map((fault) => (
        <Fault key={fault.file} fault={fault} />
      ))}
    </>
  );
}

function Counts({ evidence }: { readonly evidence: SiteEvidence }): ReactNode {
  const { receipts, promises, counted, declines } = evidence.counts;
  return (
    <>
      <dl className="facts">
        <dt>Receipts that this site signed</dt>
        <dd>{count(receipts)}</dd>
        <dt>Promises that the coordinator signed</dt>
        <dd>{count(promises)}</dd>
        <dt>Rounds that showed they counted it</dt>
        <dd>{count(counted)}</dd>
        <dt>Tasks that this site declined</dt>
        <dd>{count(declines)}</dd>
      </dl>
      <p className="note">
        Of the tasks that this page remembers. The whole of it is <code>receipts.log</code> in the
        folder of the site: an auditor takes it as an anchor.
      </p>
    </>
  );
}

function Fault({ fault }: { readonly fault: SiteFault }): ReactNode {
  return (
    <section className="trouble" aria-label={fault.file}>
      <h3>
        Run {fault.run}, round {fault.round}: {fault.kind}
      </h3>
      {fault.sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p>
        <code>tally dispute evidence/{fault.file}</code>
      </p>
    </section>
  );
}
