import { type ReactNode, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Heavier than the others: what the chart is about. */
  readonly isMain?: boolean;
  /** An edge of the band; `high` comes right before `low`. */
  readonly band?: 'high' | 'low';
}

interface Props {
  readonly title: string;
  /** The finding, in a sentence. */
  readonly caption: ReactNode;
  readonly x: readonly number[];
  readonly isTime?: boolean;
  readonly isLog?: boolean;
  readonly lines: readonly Line[];
  readonly format?: (value: number) => string;
}

/** By number: colour, then dashes, so that no line is told by its colour alone. */
const INKS = [
  '--ink-1',
  '--ink-2',
  '--ink-3',
  '--ink-4',
  '--ink-5',
  '--ink-6',
  '--ink-7',
  '--ink-8',
];
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const HEIGHT_PX = 240;

/** Lines over rounds. The canvas is for eyes; the caption says the finding and the table has the numbers. */
export function Chart(props: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const scheme = useScheme();
  const { lines, x, isLog = false, isTime = false } = props;
  const shape = `${scheme} ${isLog} ${isTime} ${lines.map(({ label }) => label).join('|')}`;
  const newest = useRef(props);
  newest.current = props;
  useEffect(() => {
    const { current: at } = place;
    if (at === null) return;
    const made = new uPlot(optionsOf(newest.current, at), dataOf(newest.current), at);
    plot.current = made;
    const fit = new ResizeObserver(() =>
      made.setSize({ width: at.clientWidth, height: HEIGHT_PX }),
    );
    fit.observe(at);
    return () => {
      fit.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(newest.current)), [x, lines]);
  return (
    <figure className="chart">
      <h2>{props.title}</h2>
      <div ref={place} aria-hidden="true" />
      <Key lines={lines} />
      <figcaption>{props.caption}</figcaption>
    </figure>
  );
}

function Key({ lines }: { readonly lines: readonly Line[] }): ReactNode {
  return (
    <ul className="key">
      {lines.map(({ label, band, isMain }, i) =>
        band === undefined ? (
          <li key={label} data-ink={isMain === true ? 'main' : inkNumber(lines, i)}>
            {label}
          </li>
        ) : null,
      )}
      {lines.some(({ band }) => band !== undefined) ? (
        <li data-ink="band">smallest to largest</li>
      ) : null}
    </ul>
  );
}

/** Counts the lines that are neither main nor an edge. */
function inkNumber(lines: readonly Line[], index: number): number {
  return lines.slice(0, index).filter(({ isMain, band }) => isMain !== true && band === undefined)
    .length;
}

function dataOf({ x, lines, isTime = false }: Props): uPlot.AlignedData {
  const axis = isTime ? x.map((ms) => ms / 1_000) : [...x];
  return [axis, ...lines.map(({ values }) => [...values])];
}

function optionsOf(
  { lines, isLog = false, isTime = false, format }: Props,
  at: HTMLElement,
): uPlot.Options {
  const style = getComputedStyle(at);
  const ink = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: ink('--muted'),
    grid: { stroke: ink('--line'), width: 1 },
    ticks: { show: false },
  };
  const values =
    format === undefined
      ? {}
      : { values: (_: uPlot, all: number[]) => all.map((v) => (v === null ? '' : format(v))) };
  const high = lines.findIndex(({ band }) => band === 'high');
  return {
    width: Math.max(200, at.clientWidth),
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { time: isTime }, y: { distr: isLog ? 3 : 1 } },
    axes: [
      { ...axis, size: 30 },
      { ...axis, size: 62, ...values },
    ],
    ...(high < 0 ? {} : { bands: [{ series: [high + 1, high + 2], fill: ink('--band') }] }),
    series: [{}, ...lines.map((line, i) => seriesOf(line, inkNumber(lines, i), ink))],
  };
}

function seriesOf(
  { label, isMain, band }: Line,
  number: number,
  ink: (name: string) => string,
): uPlot.Series {
  if (band !== undefined) return { label, stroke: 'transparent', points: { show: false } };
  if (isMain === true) return { label, stroke: ink('--ink'), width: 2.5, points: { show: false } };
  return {
    label,
    stroke: ink(INKS[number % INKS.length] ?? '--ink'),
    width: 1.2,
    dash: [...(DASHES[Math.floor(number / 2) % DASHES.length] ?? [])],
    points: { show: false },
  };
}

/** `light` or `dark`; the canvas is drawn again when it changes. */
function useScheme(): string {
  const query = useRef(matchMedia('(prefers-color-scheme: dark)'));
  const [isDark, setDark] = useState(query.current.matches);
  useEffect(() => {
    const { current } = query;
    const change = (): void => setDark(current.matches);
    current.addEventListener('change', change);
    return () => current.removeEventListener('change', change);
  }, []);
  return isDark ? 'dark' : 'light';
}
