import type { RunList, RunView } from '@tallystick/protocol';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { may, useMe } from '../../api/session.js';
import { readVerdicts, verdictIn } from '../../api/verdicts.js';
import { useData } from '../../api/use-data.js';
import { type Column, DataTable } from '../../parts/data-table.js';
import { FindField } from '../../parts/find-field.js';
import { Progress } from '../../parts/progress.js';
import { Sparkline } from '../../parts/sparkline.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { useNow } from '../../parts/use-now.js';
import { useQuery } from '../../parts/use-query.js';
import { ago, duration, instant, MISSING, nano } from '../../parts/words.js';
import { VerdictCell } from './verdict-cell.js';

const LOOK_MS = 2_000;

/** All runs, newest first. */
export default function RunsPage(): ReactNode {
  const { value, error } = useData<RunList>('runs', LOOK_MS);
  const [filter, setFilter] = useQuery('find', '');
  const [ticked, setTicked] = useState<ReadonlySet<number>>(new Set());
  const [, go] = useLocation();
  const now = useNow();
  const me = useMe();
  const runs = (value?.runs ?? []).filter((run) => matches(run, filter));
  const tick = (run: number): void =>
    setTicked((before) => {
      const after = new Set(before);
      if (!after.delete(run)) after.add(run);
      return after;
    });
  const compare = (): void => go(`/compare?runs=${[...ticked].sort((a, b) => a - b).join(',')}`);
  return (
    <>
      <div className="title">
        <h1>Runs</h1>
        <div className="actions">
          <button type="button" className="plain" disabled={ticked.size < 2} onClick={compare}>
            Compare {ticked.size > 0 ? ticked.size : ''}
          </button>
          {may(me, 'run.launch') ? (
            <Link className="button" href="/new">
              New run
            </Link>
          ) : null}
        </div>
      </div>
      {error === undefined ? null : <Trouble error={error} />}
      <FindField value={filter} onChange={setFilter} hint="name, status or owner" />
      <DataTable
        label="Runs"
        rows={runs}
        columns={columnsOf(now, ticked, tick)}
        keyOf={({ run }) => run}
        empty={
          value === undefined
            ? 'Loading'
            : 'No run yet. “New run” starts one from a run.yaml; `tally demo` starts an example.'
        }
      />
    </>
  );
}

function matches({ name, status, run, owner }: RunView, filter: string): boolean {
  const text = `${run} ${name} ${status} ${owner ?? ''}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function columnsOf(
  now: number,
  ticked: ReadonlySet<number>,
  tick: (run: number) => void,
): readonly Column<RunView>[] {
  return [
    tickColumn(ticked, tick),
    {
      id: 'status',
      title: 'Status',
      order: ({ status }) => status,
      cell: ({ status }) => <Status word={status} />,
    },
    {
      id: 'name',
      title: 'Run',
      order: ({ name }) => name,
      cell: ({ run, name }) => (
        <Link href={`/runs/${run}`}>
          {name} <small className="muted">#{run}</small>
        </Link>
      ),
    },
    {
      id: 'rounds',
      title: 'Rounds',
      order: ({ closedRounds, rounds }) => closedRounds / rounds,
      cell: ({ closedRounds, rounds, name }) => (
        <Progress done={closedRounds} of={rounds} label={`Rounds of ${name}`} />
      ),
    },
    {
      id: 'best',
      title: 'Best loss',
      isNumber: true,
      order: ({ best }) => best?.loss ?? Number.MAX_VALUE,
      cell: ({ best, losses }) =>
        best === null ? (
          MISSING
        ) : (
          <span title={`before round ${best.round}`}>
            <Sparkline values={losses} /> {nano(best.loss)}
          </span>
        ),
    },
    {
      id: 'nodes',
      title: 'Open round',
      cell: ({ current }) =>
        current === null ? MISSING : `${current.included} of ${current.cohort} in`,
    },
    {
      id: 'anchored',
      title: 'On chain',
      isNumber: true,
      order: ({ committedRounds }) => committedRounds,
      cell: ({ committedRounds, closedRounds }) => `${committedRounds} of ${closedRounds}`,
    },
    verdictColumn(now),
    {
      id: 'owner',
      title: 'Owner',
      order: ({ owner }) => owner ?? '',
      cell: ({ owner }) => owner ?? MISSING,
    },
    ...timeColumns(now),
  ];
}

/** When it began and how long it took, or has taken so far. */
function timeColumns(now: number): readonly Column<RunView>[] {
  return [
    {
      id: 'started',
      title: 'Started',
      order: ({ createdAtMs }) => createdAtMs,
      cell: ({ createdAtMs }) => (
        <time title={`${instant(createdAtMs)} UTC`}>{ago(createdAtMs, now)}</time>
      ),
    },
    {
      id: 'took',
      title: 'Took',
      order: ({ createdAtMs, endedAtMs }) => (endedAtMs ?? now) - createdAtMs,
      cell: ({ createdAtMs, endedAtMs }) => duration((endedAtMs ?? now) - createdAtMs),
    },
  ];
}

function verdictColumn(now: number): Column<RunView> {
  const verdicts = readVerdicts();
  return {
    id: 'verdict',
    title: 'Verdict',
    cell: (view) => <VerdictCell view={view} verdict={verdictIn(verdicts, view)} now={now} />,
  };
}

function tickColumn(ticked: ReadonlySet<number>, tick: (run: number) => void): Column<RunView> {
  return {
    id: 'tick',
    title: 'Compare',
    cell: ({ run, name }) => (
      <input
        type="checkbox"
        aria-label={`Compare run ${run} ${name}`}
        checked={ticked.has(run)}
        onChange={() => tick(run)}
      />
    ),
  };
}
