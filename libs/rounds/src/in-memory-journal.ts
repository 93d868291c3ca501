import { type RunId, TallyError } from '@tallystick/kernel';
import type { Header } from '@tallystick/record';
import type {
  CloseRound,
  ContributionRow,
  DeclineRow,
  OpenRound,
  PastRound,
  ResumableRound,
  RoundJournal,
  RunState,
} from './ports/index.js';
import { isVoid, nextCounting, type VoidSpan } from './void-span.js';

interface ClosedRows {
  readonly header: Header;
  readonly metrics: string;
}

interface RunRows {
  voids: readonly VoidSpan[];
  closed: ClosedRows[];
  /** The newest closed rounds, whole. */
  recent: PastRound[];
  open: ResumableRound | undefined;
}

/** Closed rounds that are kept whole: what the longest staleness asks for. */
const KEPT_ROUNDS = 65;

/** RoundJournal for `simulate` and tests: as long-lived as its process. */
export class InMemoryJournal implements RoundJournal {
  readonly #runs = new Map<RunId, RunRows>();

  load(run: RunId, recent: number = 0): Promise<RunState> {
    const rows = this.#rows(run);
    const { voids, open } = rows;
    const newest = rows.closed.at(-1)?.header;
    const last = rows.recent.find(({ round }) => round === newest?.round)?.contributions ?? [];
    const closed = {
      voids,
      headers: rows.closed.map(({ header }) => header),
      metrics: rows.closed.map(({ metrics }) => metrics),
      last: newest?.included === 0 ? [] : last,
      recent: recent === 0 ? [] : rows.recent.slice(-recent),
    };
    return Promise.resolve(open === undefined ? closed : { ...closed, open });
  }

  open(round: OpenRound): Promise<void> {
    const rows = this.#rows(round.run);
    const next = nextRound(rows);
    if (round.round < next) return voided(round.run, round.round);
    if (rows.open !== undefined || round.round !== next) {
      return refuse(`round ${round.round} cannot open where ${next} is the next`);
    }
    rows.open = { ...round, contributions: [], declines: [] };
    return Promise.resolve();
  }

  append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void> {
    const open = this.#rows(run).open;
    if (open?.round !== round) return this.#notOpen(run, round);
    const contributions = [...open.contributions];
    const nodes = new Set(contributions.map(({ node }) => node));
    for (const row of rows) {
      const { node } = row;
      if (nodes.has(node)) {
        return Promise.reject(new TallyError('ROUND_DUPLICATE', { node, run, round }));
      }
      nodes.add(node);
      contributions.push(row);
    }
    this.#rows(run).open = { ...open, contributions };
    return Promise.resolve();
  }

  decline(run: RunId, round: number, row: DeclineRow): Promise<void> {
    const open = this.#rows(run).open;
    if (open?.round !== round) return this.#notOpen(run, round);
    const others = open.declines.filter(({ node }) => node !== row.node);
    this.#rows(run).open = { ...open, declines: [...others, row] };
    return Promise.resolve();
  }

  close(closed: CloseRound): Promise<void> {
    const rows = this.#rows(closed.run);
    if (rows.open?.round !== closed.round) return this.#notOpen(closed.run, closed.round);
    const { header, metrics } = closed;
    const { declines: _, ...past } = rows.open;
    rows.closed.push({ header, metrics });
    rows.recent.push(past);
    if (rows.recent.length > KEPT_ROUNDS) rows.recent.shift();
    rows.open = undefined;
    return Promise.resolve();
  }

  /** The number that follows the newest closed round. */
  nextRound(run: RunId): number {
    return nextRound(this.#rows(run));
  }

  /** Takes in what the chain voided: all spans of the run. */
  voided(run: RunId, voids: readonly VoidSpan[]): void {
    const rows = this.#rows(run);
    rows.voids = voids;
    rows.closed = rows.closed.filter(({ header }) => !isVoid(voids, header.round));
    rows.recent = rows.recent.filter(({ round }) => !isVoid(voids, round));
    if (rows.open !== undefined && isVoid(voids, rows.open.round)) rows.open = undefined;
  }

  #notOpen(run: RunId, round: number): Promise<never> {
    const isGone = isVoid(this.#rows(run).voids, round);
    return isGone ? voided(run, round) : refuse(`round ${round} is not open`);
  }

  #rows(run: RunId): RunRows {
    let rows = this.#runs.get(run);
    if (rows === undefined) {
      rows = { voids: [], closed: [], recent: [], open: undefined };
      this.#runs.set(run, rows);
    }
    return rows;
  }
}

/** The number of the round that opens next. */
function nextRound({ voids, closed }: RunRows): number {
  return nextCounting(voids, (closed.at(-1)?.header.round ?? -1) + 1);
}

function voided(run: RunId, round: number): Promise<never> {
  return Promise.reject(new TallyError('ROUND_VOID', { run, round }));
}

function refuse(reason: string): Promise<never> {
  return Promise.reject(new TallyError('STORE_DATABASE', { reason }));
}
