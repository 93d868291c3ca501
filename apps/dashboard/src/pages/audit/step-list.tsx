import type { ReactNode } from 'react';
import { type Finding, STEPS } from '@tallystick/audit/recompute';
import type { AuditState } from './use-audit.js';

/** Steps that a browser leaves to the command line, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  V6: 'updates are read by the command line: they are large, and say more of a site than a model',
  V8: 'models are folded again by the command line',
  V11: 'metrics on public validation data',
  V12: 'a local round is repeated at its own site',
};

/** What this browser recomputes less of than the step's title says. */
const HERE: Readonly<Record<string, string>> = {
  V1: 'chain: every header hashed and its seal checked, every state read proved; blocks are not executed again here',
};

const EXTRA = [
  { id: 'V11', title: 'metrics: evaluated again on public validation data' },
  { id: 'V12', title: 'a local round: trained again from its seed, at the owner’s site' },
];

interface Row {
  readonly id: string;
  readonly title: string;
}

const ROWS: readonly Row[] = [
  ...STEPS.filter(({ id }) => !EXTRA.some((extra) => extra.id === id)),
  ...EXTRA,
];

/** V1 to V12, each with its outcome as word, shape and colour. */
export function StepList({ audit }: { readonly audit: AuditState }): ReactNode {
  return (
    <ol className="steps">
      {ROWS.map((row) => (
        <StepRow key={row.id} row={row} audit={audit} />
      ))}
    </ol>
  );
}

function StepRow({ row, audit }: { readonly row: Row; readonly audit: AuditState }): ReactNode {
  const { id, title } = row;
  const finding = audit.result?.finding ?? undefined;
  const passed = audit.steps.find(({ step }) => step === id);
  const failed = finding?.step === id ? finding : undefined;
  const elsewhere = ELSEWHERE[id];
  return (
    <li className={failed ? 'step failed' : passed ? 'step passed' : 'step open'}>
      <strong>{id}</strong> <Outcome {...{ passed: passed?.checked, failed, elsewhere, audit }} />{' '}
      <span>{HERE[id] ?? title}</span>
      {failed === undefined ? null : <Difference finding={failed} />}
    </li>
  );
}

function Outcome(props: {
  readonly passed: number | undefined;
  readonly failed: Finding | undefined;
  readonly elsewhere: string | undefined;
  readonly audit: AuditState;
}): ReactNode {
  const { passed, failed, elsewhere, audit } = props;
  if (failed !== undefined) return <em>✗ does not fit</em>;
  if (passed !== undefined) return <em>✓ {passed} checked</em>;
  if (elsewhere !== undefined) return <em title={elsewhere}>– not checked here</em>;
  return <em>{audit.endedAtMs === undefined ? '… waiting' : '– not reached'}</em>;
}

function Difference({ finding }: { readonly finding: Finding }): ReactNode {
  const node = /\bnode (\d+)/.exec(`${finding.record} ${finding.by}`)?.[1];
  return (
    <dl className="difference">
      <dt>Record</dt>
      <dd>{finding.record}</dd>
      <dt>Round</dt>
      <dd>{finding.round ?? '–'}</dd>
      <dt>Node</dt>
      <dd>{node ?? '–'}</dd>
      <dt>Expected</dt>
      <dd>
        <code>{finding.expected}</code>
      </dd>
      <dt>Found</dt>
      <dd>
        <code>{finding.found}</code>
      </dd>
      <dt>Answers for it</dt>
      <dd>{finding.by}</dd>
    </dl>
  );
}
