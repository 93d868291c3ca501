import type { RunCurves } from '@tallystick/protocol';
import { useCallback, useEffect, useRef, useState } from 'react';
import { get } from './client.js';

/** Rounds that are read again when something is new: their commits and reports come after they closed. */
const AGAIN = 8;

/** All closed rounds of a run as columns; `refresh` reads what is new and leaves the rest. */
export function useCurves(
  run: number,
  metric: string | undefined,
): { readonly curves: RunCurves | undefined; readonly refresh: () => void } {
  const [curves, setCurves] = useState<RunCurves>();
  const held = useRef<RunCurves>(undefined);
  const chain = useRef(Promise.resolve());
  const read = useCallback(
    async (signal: AbortSignal) => {
      const query = metric === undefined ? '' : `&metric=${metric}`;
      for (;;) {
        const known = held.current;
        const from = Math.max(0, (known?.round.at(-1) ?? -1) + 1 - AGAIN);
        const next = await get<RunCurves>(`runs/${run}/curves?from=${from}${query}`, signal);
        const before = held.current?.round.length ?? 0;
        held.current = known === undefined ? next : join(known, next, from);
        setCurves(held.current);
        if (held.current.round.length - before < 2_000) return;
      }
    },
    [run, metric],
  );
  const stop = useRef(new AbortController());
  useEffect(() => {
    held.current = undefined;
    const { current } = stop;
    const own = new AbortController();
    stop.current = own;
    current.abort();
    chain.current = read(own.signal).catch(() => undefined);
    return () => own.abort();
  }, [read]);
  const refresh = useCallback(() => {
    const { signal } = stop.current;
    chain.current = chain.current.then(() => read(signal)).catch(() => undefined);
  }, [read]);
  return { curves, refresh };
}

/** `next` takes the place of everything from round `from` on. */
function join(known: RunCurves, next: RunCurves, from: number): RunCurves {
  const kept = known.round.filter((round) => round < from).length;
  const both = <T>(a: readonly T[], b: readonly T[]): T[] => [...a.slice(0, kept), ...b];
  const blanks = <T>(count: number): (T | null)[] => Array.from({ length: count }, () => null);
  const nodes = new Set([...known.sites, ...next.sites].map(({ node }) => node));
  const valuesOf = (of: RunCurves, node: number, count: number): (number | null)[] =>
    of.sites.find((site) => site.node === node)?.values ?? blanks(count);
  return {
    ...next,
    metrics: next.metrics.length > 0 ? next.metrics : known.metrics,
    metric: next.metric ?? known.metric,
    round: both(known.round, next.round),
    openedAtMs: both(known.openedAtMs, next.openedAtMs),
    closedAtMs: both(known.closedAtMs, next.closedAtMs),
    lossBefore: both(known.lossBefore, next.lossBefore),
    lossAfter: both(known.lossAfter, next.lossAfter),
    bytes: both(known.bytes, next.bytes),
    firstMs: both(known.firstMs, next.firstMs),
    lastMs: both(known.lastMs, next.lastMs),
    commitMs: both(known.commitMs, next.commitMs),
    mean: both(known.mean, next.mean),
    low: both(known.low, next.low),
    high: both(known.high, next.high),
    reporting: Math.max(known.reporting, next.reporting),
    sites: [...nodes]
      .sort((a, b) => a - b)
      .map((node) => ({
        node,
        values: both(valuesOf(known, node, kept), valuesOf(next, node, next.round.length)),
      })),
  };
}
