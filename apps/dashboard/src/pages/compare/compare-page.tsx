import type { RunCurves, RunView } from '@tallystick/protocol';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { get } from '../../api/client.js';
import { Chart } from '../../parts/chart.js';
import { downloadText } from '../../parts/download-text.js';
import { Trouble } from '../../parts/trouble.js';
import { useQuery } from '../../parts/use-query.js';
import { duration, MISSING, nano } from '../../parts/words.js';
import { compare, type Compared, flatten } from './flatten.js';
import { csvOf, latexOf } from './table-text.js';

/** Runs side by side; more than these make no table that anybody reads. */
const MAX_RUNS = 100;

interface Side {
  readonly view: RunView;
  readonly spec: ReadonlyMap<string, string>;
  readonly curves: RunCurves;
}

/** Runs side by side: their losses over one another, and what differs between their specs and results. */
export default function ComparePage(): ReactNode {
  const [asked] = useQuery('runs', '');
  const [all, setAll] = useQuery('all', '');
  const { sides, error } = useSides(asked);
  const heads = sides.map(({ view }) => `${view.name} #${view.run}`);
  const lines = useMemo(() => linesOf(sides), [sides]);
  const shown = all === '1' ? lines : lines.filter(({ differs }) => differs);
  if (asked === '') {
    return (
      <>
        <h1>Compare</h1>
        <p className="empty">
          Tick two or more runs in <Link href="/">the list</Link>, then press “Compare”.
        </p>
      </>
    );
  }
  return (
    <>
      <h1>Compare {sides.length === 0 ? '' : `${sides.length} runs`}</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {sides.length === 0 ? null : <Losses sides={sides} heads={heads} />}
      <div className="tools">
        <label className="switch">
          <input
            type="checkbox"
            checked={all !== '1'}
            onChange={(event) => setAll(event.target.checked ? '' : '1')}
          />{' '}
          Only what differs
        </label>
        <span className="muted">
          {shown.length} of {lines.length} lines
        </span>
        <button
          type="button"
          className="plain"
          onClick={() => downloadText('compare.csv', csvOf(heads, shown))}
        >
          CSV
        </button>
        <button
          type="button"
          className="plain"
          onClick={() => downloadText('compare.tex', latexOf(heads, shown))}
        >
          LaTeX
        </button>
      </div>
      <Lines sides={sides} lines={shown} />
    </>
  );
}

function Lines({
  sides,
  lines,
}: {
  readonly sides: readonly Side[];
  readonly lines: readonly Compared[];
}): ReactNode {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="What differs">
      <table>
        <thead>
          <tr>
            <th scope="col">Setting or result</th>
            {sides.map(({ view }) => (
              <th key={view.run} scope="col">
                <Link href={`/runs/${view.run}`}>
                  {view.name} #{view.run}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={sides[i]?.view.run}>{value ?? MISSING}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Losses({
  sides,
  heads,
}: {
  readonly sides: readonly Side[];
  readonly heads: readonly string[];
}): ReactNode {
  const [isLog, setLog] = useQuery('log', '');
  const { x, lines } = useMemo(() => {
    const longest = Math.max(0, ...sides.map(({ curves }) => (curves.round.at(-1) ?? -1) + 1));
    const rounds = Array.from({ length: longest }, (_, i) => i);
    return {
      x: rounds,
      lines: sides.map(({ curves }, i) => {
        const at = new Map(curves.round.map((round, k) => [round, curves.lossBefore[k]]));
        const values = rounds.map((round) => at.get(round) ?? null);
        return {
          label: heads[i] ?? '',
          values: values.map((loss) => (loss === null ? null : loss / 1e9)),
        };
      }),
    };
  }, [sides, heads.join('|')]);
  const best = sides
    .toSorted((a, b) => (a.view.best?.loss ?? Infinity) - (b.view.best?.loss ?? Infinity))
    .at(0);
  return (
    <>
      <label className="switch">
        <input
          type="checkbox"
          checked={isLog === '1'}
          onChange={(event) => setLog(event.target.checked ? '1' : '')}
        />{' '}
        Log scale
      </label>
      <Chart
        title="Loss on the sites’ train rows"
        x={x}
        lines={lines}
        isLog={isLog === '1'}
        caption={
          best?.view.best
            ? `Smallest: ${nano(best.view.best.loss)}, ${best.view.name} #${best.view.run}, round ${best.view.best.round}. The numbers are in each run’s table.`
            : 'No loss was measured.'
        }
        format={(value) => value.toPrecision(3)}
      />
    </>
  );
}

function linesOf(sides: readonly Side[]): readonly Compared[] {
  const results = compare(sides.map(({ view, curves }) => resultOf(view, curves)));
  return [...results, ...compare(sides.map(({ spec }) => spec))];
}

function resultOf(view: RunView, curves: RunCurves): ReadonlyMap<string, string> {
  const at = curves.mean.findLastIndex((value) => value !== null);
  return new Map([
    ['result: best loss', nano(view.best?.loss)],
    ['result: rounds closed', String(view.closedRounds)],
    ['result: status', view.status],
    ['result: took', duration(view.endedAtMs === null ? null : view.endedAtMs - view.createdAtMs)],
    ...(curves.metric === null
      ? []
      : [[`result: last ${curves.metric}`, nano(curves.mean[at])] as const]),
  ]);
}

function useSides(asked: string): { readonly sides: readonly Side[]; readonly error: unknown } {
  const [state, setState] = useState<{ sides: readonly Side[]; error: unknown }>({
    sides: [],
    error: undefined,
  });
  useEffect(() => {
    const stop = new AbortController();
    const runs = [...new Set(asked.split(',').filter((text) => /^\d{1,10}$/.test(text)))].slice(
      0,
      MAX_RUNS,
    );
    Promise.all(runs.map((run) => read(run, stop.signal))).then(
      (sides) => setState({ sides, error: undefined }),
      (error: unknown) => {
        if (!stop.signal.aborted) setState({ sides: [], error });
      },
    );
    return () => stop.abort();
  }, [asked]);
  return state;
}

async function read(run: string, signal: AbortSignal): Promise<Side> {
  const [view, curves] = await Promise.all([
    get<RunView>(`runs/${run}`, signal),
    get<RunCurves>(`runs/${run}/curves`, signal),
  ]);
  return { view, curves, spec: flatten(await get<unknown>(`specs/${view.spec}`, signal)) };
}
