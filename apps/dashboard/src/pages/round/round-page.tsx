import type { MemberView, RoundMembers, RoundView } from '@tallystick/protocol';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { useNews, useRunStream } from '../../api/run-stream.js';
import { useData } from '../../api/use-data.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { exclusionWords } from '../../parts/exclusion-words.js';
import { Live } from '../../parts/live.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import { bytes, count, duration, instant, MISSING, nano } from '../../parts/words.js';
import type { Params } from '../index.js';
import { HeaderFacts } from './header-facts.js';

/** Steps of a node through a round. */
const STEPS = ['offered', 'accepted', 'counted'] as const;
const PAGE = 200;
/** No event tells of what nodes say of their work. */
const OPEN_MS = 2_000;

/** One round: what became of each node, the header, and why somebody is not in it. */
export default function RoundPage({ params }: { readonly params: Params }): ReactNode {
  const [run, number] = [Number(params['run']), Number(params['round'])];
  const stream = useRunStream(run);
  const [after, setAfter] = useQuery('after', '');
  const [isOpen, setOpen] = useState(false);
  const page = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
  const { value, error, reload } = useData<RoundMembers>(
    `runs/${run}/rounds/${number}/members?limit=${PAGE}${page}`,
    isOpen ? OPEN_MS : undefined,
  );
  if (value !== undefined && value.isOpen !== isOpen) setOpen(value.isOpen);
  const { value: view, reload: reloadView } = useData<RoundView>(
    value?.isOpen === false ? `runs/${run}/rounds/${number}` : undefined,
  );
  useNews(stream, reload, { kinds: /^(round|update|node)\./, everyMs: 300 });
  useNews(stream, reloadView, { kinds: /^round\./, everyMs: 300 });
  if (value === undefined)
    return error === undefined ? <p className="wait">Loading</p> : <Trouble error={error} />;
  const out = value.members.filter(({ exclusion }) => exclusion !== null);
  const last = value.members.at(-1)?.node;
  return (
    <>
      <p className="path">
        <Link href={`/runs/${run}`}>Run {run}</Link> ·{' '}
        {number > 0 ? (
          <Link href={`/runs/${run}/rounds/${number - 1}`}>round {number - 1}</Link>
        ) : null}{' '}
        <Link href={`/runs/${run}/rounds/${number + 1}`}>round {number + 1}</Link>
      </p>
      <h1>Round {number}</h1>
      <div className="strip">
        {value.isOpen ? (
          <Status word="running" />
        ) : view === undefined ? null : (
          <Status word={view.status} />
        )}
        <span>{whenOf(value)}</span>
        {value.closedAtMs === null ? null : (
          <span>{duration(value.closedAtMs - value.openedAtMs)}</span>
        )}
        <span>cohort of {value.cohort}</span>
        {value.isOpen ? <Live stream={stream} /> : null}
        {view?.status === 'void' ? <WhyVoid /> : null}
        {view?.emptyReason ? (
          <span className="reason">nothing was aggregated: {view.emptyReason}</span>
        ) : null}
      </div>
      <h2>Nodes</h2>
      <DataTable
        label="Nodes of this round"
        rows={value.members}
        columns={columnsOf(value)}
        keyOf={({ node }) => node}
        empty="Nobody was asked."
      />
      {value.cohort > PAGE && last !== undefined ? (
        <div className="tools">
          <button type="button" className="plain" onClick={() => setAfter('')}>
            First
          </button>
          <button
            type="button"
            className="plain"
            disabled={value.members.length < PAGE}
            onClick={() => setAfter(String(last))}
          >
            Next {PAGE}
          </button>
        </div>
      ) : null}
      {out.length === 0 ? null : <Excluded members={out} />}
      {value.header === null || view === undefined ? null : (
        <HeaderFacts round={view} header={value.header} />
      )}
    </>
  );
}

function whenOf({ isOpen, deadlineMs, closedAtMs }: RoundMembers): string {
  return isOpen
    ? `open until ${instant(deadlineMs)} UTC at the latest`
    : `closed ${instant(closedAtMs)} UTC`;
}

function WhyVoid(): ReactNode {
  return (
    <span className="reason">
      does not count: the chain voided it, and the run went back to the last round before the voided
      ones. What is shown here is what had been signed.
    </span>
  );
}

function columnsOf({ openedAtMs }: RoundMembers): readonly Column<MemberView>[] {
  return [
    {
      id: 'node',
      title: 'Node',
      order: ({ name }) => name,
      cell: ({ name, node }) => (
        <>
          {name === '' ? `node ${node}` : name} <small className="muted">#{node}</small>
        </>
      ),
    },
    {
      id: 'organisation',
      title: 'Organisation',
      order: ({ organisation }) => organisation,
      cell: ({ organisation }) => organisation || MISSING,
    },
    {
      id: 'progress',
      title: 'At work',
      cell: ({ progress }) => atWork(progress),
    },
    ...STEPS.map((step, i) => ({
      id: step,
      title: step,
      cell: (member: MemberView) => <Step member={member} step={i} />,
    })),
    {
      id: 'arrived',
      title: 'After',
      order: ({ acceptedAtMs }) => acceptedAtMs ?? Number.MAX_VALUE,
      cell: ({ acceptedAtMs }) =>
        duration(acceptedAtMs === null ? null : acceptedAtMs - openedAtMs),
    },
    {
      id: 'bytes',
      title: 'Bytes',
      isNumber: true,
      order: ({ updateBytes }) => updateBytes ?? -1,
      cell: ({ updateBytes }) => bytes(updateBytes),
    },
    {
      id: 'examples',
      title: 'Examples',
      isNumber: true,
      order: ({ numExamples }) => numExamples ?? -1,
      cell: ({ numExamples }) => count(numExamples),
    },
    {
      id: 'loss',
      title: 'Loss before → after',
      cell: ({ lossBefore, lossAfter }) => `${nano(lossBefore)} → ${nano(lossAfter)}`,
    },
    {
      id: 'reports',
      title: 'Reports',
      cell: ({ evaluation }) =>
        evaluation === null
          ? MISSING
          : Object.entries(evaluation)
              .map(([name, value]) => `${name} ${nano(value)}`)
              .join(', '),
    },
  ];
}

/** What the node says it is doing; how far is said of uploads, and of training where the node measures it. */
function atWork(progress: MemberView['progress']): string {
  if (progress === null) return MISSING;
  const { stage, fraction } = progress;
  return fraction === 0 ? stage : `${stage} ${Math.round(100 * fraction)} %`;
}

/** How far the node came: a tick, or at the step where it left what became of it. */
function Step({ member, step }: { readonly member: MemberView; readonly step: number }): ReactNode {
  const { state } = member;
  const reached = state === 'counted' ? 2 : state === 'accepted' || state === 'unused' ? 1 : 0;
  if (step < reached) {
    return (
      <span className="muted">
        <span aria-hidden="true">✓</span>
        <span className="spoken">{STEPS[step]}</span>
      </span>
    );
  }
  if (step === reached && state !== 'unused') return <Status word={STEPS[step] ?? state} />;
  const isHere = step === reached + 1 || (step === 1 && state === 'unused');
  const hasLeft = !['offered', 'accepted', 'counted'].includes(state);
  return isHere && hasLeft ? <Status word={state} /> : <span className="muted">{MISSING}</span>;
}

function Excluded({ members }: { readonly members: readonly MemberView[] }): ReactNode {
  return (
    <>
      <h2>Not in this round</h2>
      <ul className="reasons">
        {members.map(({ node, name, exclusion, code, message }) => (
          <li key={node}>
            <strong>{name === '' ? `node ${node}` : name}</strong> {exclusionWords(exclusion)}
            {code === null ? null : (
              <>
                {' '}
                <code>{code}</code> {message}
              </>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
