import type { RoundList, RoundView, RunCurves, RunView } from '@tallystick/protocol';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { get } from '../../api/client.js';
import { Status } from '../../parts/status.js';
import { bytes, duration, MISSING, nano, whole } from '../../parts/words.js';

const ROW_PX = 36;
/** Rounds of one request, and requests that are kept. */
const PAGE = 100;
const KEPT_PAGES = 12;
const HEADS = [
  'Round',
  'Status',
  'Included',
  'Excluded',
  'Σ weight',
  'Loss',
  'Δ',
  'Bytes',
  'First / last update',
  'Closed',
  'On chain',
  'Block',
];

/** Rounds, newest on top. Only what is looked at is in the document, and only its pages are read. */
export default function RoundTable({
  view,
  curves,
}: {
  readonly view: RunView;
  readonly curves: RunCurves | undefined;
}): ReactNode {
  const scroll = useRef<HTMLDivElement>(null);
  const total = view.closedRounds;
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const numberAt = (index: number): number => total - 1 - index;
  const wanted = items.map(({ index }) => Math.floor(numberAt(index) / PAGE));
  const found = useRoundPages(view, [...new Set(wanted)]);
  if (total === 0) return <p className="empty">No round is closed yet.</p>;
  return (
    <div ref={scroll} className="scroll tall" tabIndex={0} role="region" aria-label="Rounds">
      <div role="table" aria-label="Rounds" aria-rowcount={total + 1} className="grid-table">
        <div role="row" aria-rowindex={1} className="grid-head">
          {HEADS.map((head) => (
            <span key={head} role="columnheader">
              {head}
            </span>
          ))}
        </div>
        <div
          role="rowgroup"
          className="grid-body"
          ref={(at) => at?.style.setProperty('height', `${rows.getTotalSize()}px`)}
        >
          {items.map(({ index, start, key }) => (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 2}
              className="grid-row"
              ref={(at) => at?.style.setProperty('transform', `translateY(${start}px)`)}
            >
              <Cells
                run={view.run}
                number={numberAt(index)}
                round={found.get(numberAt(index))}
                curves={curves}
              />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

interface CellsProps {
  readonly run: number;
  readonly number: number;
  readonly round: RoundView | undefined;
  readonly curves: RunCurves | undefined;
}

function Cells({ run, number, round, curves }: CellsProps): ReactNode {
  const i = curves?.round[number] === number ? number : (curves?.round.indexOf(number) ?? -1);
  const at = <T,>(column: readonly T[] | undefined): T | undefined =>
    i < 0 ? undefined : column?.[i];
  const [loss, before] = [at(curves?.lossBefore), i > 0 ? curves?.lossBefore[i - 1] : undefined];
  const delta = typeof loss === 'number' && typeof before === 'number' ? loss - before : undefined;
  const [opened, closed] = [at(curves?.openedAtMs), at(curves?.closedAtMs)];
  const cells: readonly ReactNode[] = [
    <Link href={`/runs/${run}/rounds/${number}`}>{number}</Link>,
    round === undefined ? MISSING : <Status word={round.status} />,
    round === undefined ? MISSING : `${round.included} of ${round.cohort}`,
    round?.excluded ?? MISSING,
    round === undefined ? MISSING : whole(round.sumWeight),
    nano(loss),
    delta === undefined ? MISSING : `${delta > 0 ? '+' : ''}${nano(delta)}`,
    bytes(at(curves?.bytes)),
    `${duration(at(curves?.firstMs))} / ${duration(at(curves?.lastMs))}`,
    duration(opened === undefined || closed === undefined ? undefined : closed - opened),
    duration(at(curves?.commitMs)),
    round?.commit?.block ?? MISSING,
  ];
  return cells.map((cell, column) => (
    <span key={HEADS[column]} role="cell">
      {cell}
    </span>
  ));
}

/** Reads the pages that are looked at, and reads those again whose rounds were not all final. */
function useRoundPages(view: RunView, wanted: readonly number[]): ReadonlyMap<number, RoundView> {
  const [pages, setPages] = useState<ReadonlyMap<number, readonly RoundView[]>>(new Map());
  const key = wanted.join(',');
  useEffect(() => {
    const stop = new AbortController();
    const isDone = (page: number): boolean => {
      const rounds = pages.get(page);
      const expected = Math.min(PAGE, view.closedRounds - page * PAGE);
      return rounds?.length === expected && rounds.every(({ status }) => status === 'committed');
    };
    for (const page of key === '' ? [] : key.split(',').map(Number)) {
      if (isDone(page)) continue;
      get<RoundList>(`runs/${view.run}/rounds?from=${page * PAGE}&limit=${PAGE}`, stop.signal).then(
        ({ rounds }) =>
          setPages(
            (before) =>
              new Map([
                ...[...before].filter(([other]) => other !== page).slice(1 - KEPT_PAGES),
                [page, rounds],
              ]),
          ),
        () => undefined,
      );
    }
    return () => stop.abort();
    // The pages themselves are left out: a page that came is not a reason to ask again.
  }, [key, view.run, view.closedRounds, view.committedRounds]);
  return new Map(
    [...pages.values()].flatMap((rounds) => rounds.map((round) => [round.round, round] as const)),
  );
}
