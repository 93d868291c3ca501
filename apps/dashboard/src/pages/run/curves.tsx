import type { RunCurves } from '@tallystick/protocol';
import { type ReactNode, useMemo } from 'react';
import type { Sites } from '../../api/nodes.js';
import { Chart, type Line } from '../../parts/chart.js';
import { downloadText } from '../../parts/download-text.js';
import { useQuery } from '../../parts/use-query.js';
import { bytes, duration, nano } from '../../parts/words.js';
import { csvCell } from '../../parts/csv-cell.js';

interface Props {
  readonly curves: RunCurves | undefined;
  readonly sites: Sites;
  readonly onMetric: (name: string) => void;
}

const scaled = (values: readonly (number | null)[]): (number | null)[] =>
  values.map((value) => (value === null ? null : value / 1e9));

/** What the sites measured, round by round: each site, the weighted mean and the band between smallest and largest. */
export function Curves({ curves, sites, onMetric }: Props): ReactNode {
  const [isLog, setLog] = useQuery('log', '');
  const [axis, setAxis] = useQuery('x', 'round');
  const [show, setShow] = useQuery('lines', 'sites');
  const [as, setAs] = useQuery('as', 'charts');
  if (curves === undefined) return <p className="wait">Loading</p>;
  if (curves.round.length === 0) return <p className="empty">No round is closed yet.</p>;
  return (
    <>
      <div className="tools">
        {curves.metrics.length > 0 ? (
          <label>
            Metric{' '}
            <select value={curves.metric ?? ''} onChange={(event) => onMetric(event.target.value)}>
              {curves.metrics.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        ) : null}
        <Switch
          label="Each site"
          on={show === 'sites'}
          set={(on) => setShow(on ? 'sites' : 'mean')}
        />
        <Switch label="Log scale" on={isLog === '1'} set={(on) => setLog(on ? '1' : '')} />
        <Switch
          label="Wall time"
          on={axis === 'time'}
          set={(on) => setAxis(on ? 'time' : 'round')}
        />
        <Switch
          label="As a table"
          on={as === 'table'}
          set={(on) => setAs(on ? 'table' : 'charts')}
        />
        <button
          type="button"
          className="plain"
          onClick={() => downloadText(`run-${curves.run}.csv`, csvOf(curves, sites))}
        >
          CSV
        </button>
      </div>
      {as === 'table' ? (
        <Numbers curves={curves} sites={sites} />
      ) : (
        <Charts
          curves={curves}
          sites={sites}
          isLog={isLog === '1'}
          isTime={axis === 'time'}
          each={show === 'sites'}
        />
      )}
    </>
  );
}

function Switch({
  label,
  on,
  set,
}: {
  readonly label: string;
  readonly on: boolean;
  readonly set: (on: boolean) => void;
}): ReactNode {
  return (
    <label className="switch">
      <input type="checkbox" checked={on} onChange={(event) => set(event.target.checked)} /> {label}
    </label>
  );
}

interface ChartsProps {
  readonly curves: RunCurves;
  readonly sites: Sites;
  readonly isLog: boolean;
  readonly isTime: boolean;
  readonly each: boolean;
}

function Charts({ curves, sites, isLog, isTime, each }: ChartsProps): ReactNode {
  const x = isTime ? curves.closedAtMs : curves.round;
  const metricLines = useMemo(() => linesOf(curves, sites, each), [curves, sites, each]);
  const lossLines = useMemo<readonly Line[]>(
    () => [
      { label: 'before the round', values: scaled(curves.lossBefore), isMain: true },
      { label: 'after local training', values: scaled(curves.lossAfter) },
    ],
    [curves],
  );
  const bytesLines = useMemo<readonly Line[]>(
    () => [{ label: 'updates', values: curves.bytes, isMain: true }],
    [curves],
  );
  const secondsLines = useMemo<readonly Line[]>(
    () => [
      {
        label: 'open to closed',
        values: curves.closedAtMs.map((at, i) => at - (curves.openedAtMs[i] ?? at)),
        isMain: true,
      },
      { label: 'to the first update', values: curves.firstMs },
      { label: 'to the last update', values: curves.lastMs },
      { label: 'closed to on chain', values: curves.commitMs },
    ],
    [curves],
  );
  const common = { x, isTime };
  return (
    <div className="charts">
      {curves.metric === null ? null : (
        <Chart
          {...common}
          title={curves.metric}
          isLog={isLog}
          lines={metricLines}
          caption={<MetricFinding curves={curves} sites={sites} />}
          format={(value) => value.toPrecision(3)}
        />
      )}
      <Chart
        {...common}
        title="Loss on the sites’ train rows"
        isLog={isLog}
        lines={lossLines}
        caption={<LossFinding curves={curves} />}
        format={(value) => value.toPrecision(3)}
      />
      <Chart
        {...common}
        title="Bytes of the updates"
        lines={bytesLines}
        caption={`${bytes(curves.bytes.reduce((sum, one) => sum + one, 0))} in ${curves.round.length} rounds.`}
        format={bytes}
      />
      <Chart
        {...common}
        title="Time of a round"
        lines={secondsLines}
        caption={`The last round took ${duration((curves.closedAtMs.at(-1) ?? 0) - (curves.openedAtMs.at(-1) ?? 0))}.`}
        format={duration}
      />
    </div>
  );
}

function linesOf(curves: RunCurves, sites: Sites, each: boolean): readonly Line[] {
  const own = curves.sites.map(({ node, values }) => ({
    label: sites.nameOf(node),
    values: scaled(values),
  }));
  return [
    { label: 'high', values: scaled(curves.high), band: 'high' },
    { label: 'low', values: scaled(curves.low), band: 'low' },
    ...(each ? own : []),
    { label: 'weighted mean', values: scaled(curves.mean), isMain: true },
  ];
}

/** In words what the chart shows. */
function MetricFinding({
  curves,
  sites,
}: {
  readonly curves: RunCurves;
  readonly sites: Sites;
}): ReactNode {
  const at = curves.mean.findLastIndex((value) => value !== null);
  if (at < 0) return 'No site has reported yet.';
  const last = curves.sites.flatMap(({ node, values }) => {
    const value = values[at];
    return value === null || value === undefined ? [] : [{ node, value }];
  });
  const order = last.toSorted((a, b) => a.value - b.value);
  const [lowest, highest] = [order.at(0), order.at(-1)];
  return (
    <>
      Round {curves.round[at]}: mean {nano(curves.mean[at])} over {curves.reporting} sites
      {lowest === undefined || highest === undefined
        ? ''
        : `, from ${nano(lowest.value)} (${sites.nameOf(lowest.node)}) to ${nano(highest.value)} (${sites.nameOf(highest.node)})`}
      . Reported by the sites, part of no header.
    </>
  );
}

function LossFinding({ curves }: { readonly curves: RunCurves }): ReactNode {
  const measured = curves.lossBefore.flatMap((loss, i) =>
    loss === null ? [] : [{ loss, round: curves.round[i] ?? 0 }],
  );
  const best = measured.reduce<{ loss: number; round: number } | undefined>(
    (least, one) => (least === undefined || one.loss < least.loss ? one : least),
    undefined,
  );
  const first = measured.at(0);
  if (first === undefined || best === undefined) return 'No site has measured a loss.';
  return `From ${nano(first.loss)} in round ${first.round} to ${nano(best.loss)} in round ${best.round}, the smallest so far.`;
}

function headOf(curves: RunCurves, sites: Sites): readonly string[] {
  const metric = curves.metric ?? 'metric';
  return [
    'round',
    'lossBefore',
    'lossAfter',
    `${metric} mean`,
    `${metric} min`,
    `${metric} max`,
    ...curves.sites.map(({ node }) => sites.nameOf(node)),
    'bytes',
    'seconds',
  ];
}

function rowOf(curves: RunCurves, i: number): readonly string[] {
  const own = curves.sites.map(({ values }) => nano(values[i]));
  const took = ((curves.closedAtMs[i] ?? 0) - (curves.openedAtMs[i] ?? 0)) / 1_000;
  const figures = [
    curves.lossBefore[i],
    curves.lossAfter[i],
    curves.mean[i],
    curves.low[i],
    curves.high[i],
  ];
  return [
    String(curves.round[i]),
    ...figures.map((one) => nano(one)),
    ...own,
    String(curves.bytes[i]),
    took.toFixed(2),
  ];
}

function csvOf(curves: RunCurves, sites: Sites): string {
  const rows = curves.round.map((_, i) =>
    rowOf(curves, i).map((cell) => (cell === '–' ? '' : cell)),
  );
  return [headOf(curves, sites), ...rows].map((row) => row.map(csvCell).join(',')).join('\n');
}

/** The newest 500 rounds; the CSV holds all of them. */
const MAX_ROWS = 500;

function Numbers({
  curves,
  sites,
}: {
  readonly curves: RunCurves;
  readonly sites: Sites;
}): ReactNode {
  const head = headOf(curves, sites);
  const rounds = curves.round.map((_, i) => i).toReversed();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Numbers of the curves">
      <table>
        <caption>
          {rounds.length > MAX_ROWS
            ? `The newest ${MAX_ROWS} of ${rounds.length} rounds; the CSV holds all.`
            : `${rounds.length} rounds.`}
        </caption>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col" className="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rounds.slice(0, MAX_ROWS).map((i) => (
            <tr key={i}>
              {rowOf(curves, i).map((cell, column) => (
                <td key={head[column]} className="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
