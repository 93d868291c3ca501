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
  const total = view.closedRounds + view.voidRounds;
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  /** Place among the closed rounds, the oldest first. It is the number as long as the chain voided none. */
  const placeAt = (index: number): number => total - 1 - index;
  const wanted = items.map(({ index }) => Math.floor(placeAt(index) / PAGE));
  const found = useRoundPages(view, [...new Set(wanted)]);
  const numberAt = (place: number): number | undefined =>
    found.get(place)?.round ?? (view.voidRounds === 0 ? place : undefined);
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
                number={numberAt(placeAt(index))}
                round={found.get(placeAt(index))}
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
  readonly number: number | undefined;
  readonly round: RoundView | undefined;
  readonly curves: RunCurves | undefined;
}

function Cells({ run, number, round, curves }: CellsProps): ReactNode {
  const i = placeIn(curves, number);
  const at = <T,>(column: readonly T[] | undefined): T | undefined =>
    i < 0 ? undefined : column?.[i];
  const [loss, before] = [at(curves?.lossBefore), i > 0 ? curves?.lossBefore[i - 1] : undefined];
  const delta = typeof loss === 'number' && typeof before === 'number' ? loss - before : undefined;
  const [opened, closed] = [at(curves?.openedAtMs), at(curves?.closedAtMs)];
  const cells: readonly ReactNode[] = [
    number === undefined ? MISSING : <Link href={`/runs/${run}/rounds/${number}`}>{number}</Link>,
    round === undefined ? MISSING : <RoundStatus status={round.status} />,
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

/** Where the curves hold the round; −1 for one that they do not hold, as a void one. */
function placeIn(curves: RunCurves | undefined, number: number | undefined): number {
  if (curves === undefined || number === undefined) return -1;
  return curves.round[number] === number ? number : curves.round.indexOf(number);
}

function RoundStatus({ status }: Pick<RoundView, 'status'>): ReactNode {
  return status === 'void' ? (
    <span title="does not count: the chain voided it">
      <Status word={status} />
    </span>
  ) : (
    <Status word={status} />
  );
}

/** Rounds by place. Reads the pages that are looked at, and reads those again whose rounds were not all final. */
function useRoundPages(view: RunView, wanted: readonly number[]): ReadonlyMap<number, RoundView> {
  const [pages, setPages] = useState<ReadonlyMap<number, readonly RoundView[]>>(new Map());
  const key = wanted.join(',');
  useEffect(() => {
    const stop = new AbortController();
    const isDone = (page: number): boolean => {
      const rounds = pages.get(page);
      const expected = Math.min(PAGE, view.closedRounds + view.voidRounds - page * PAGE);
      return rounds?.length === expected && rounds.every(({ status }) => status !== 'anchoring');
    };
    for (const page of key === '' ? [] : key.split(',').map(Number)) {
      if (isDone(page)) continue;
      get<RoundList>(`runs/${view.run}/rounds?skip=${page * PAGE}&limit=${PAGE}`, stop.signal).then(
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
  }, [key, view.run, view.closedRounds, view.committedRounds, view.voidRounds]);
  return new Map(
    [...pages].flatMap(([page, rounds]) =>
      rounds.map((round, i) => [page * PAGE + i, round] as const),
    ),
  );
}
