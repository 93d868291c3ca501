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

interface RunRows {
  readonly headers: Header[];
  readonly metrics: string[];
  last: readonly ContributionRow[];
  readonly recent: PastRound[];
  open: ResumableRound | undefined;
}

/** Closed rounds that are kept whole: what the longest staleness asks for. */
const KEPT_ROUNDS = 65;

/** RoundJournal for `simulate` and tests: as long-lived as its process. */
export class InMemoryJournal implements RoundJournal {
  readonly #runs = new Map<RunId, RunRows>();

  load(run: RunId, recent: number = 0): Promise<RunState> {
    const rows = this.#rows(run);
    const { headers, metrics, last, open } = rows;
    const past = recent === 0 ? [] : rows.recent.slice(-recent);
    const closed = { headers: [...headers], metrics: [...metrics], last, recent: past };
    return Promise.resolve(open === undefined ? closed : { ...closed, open });
  }

  open(round: OpenRound): Promise<void> {
    const rows = this.#rows(round.run);
    if (rows.open !== undefined || rows.headers.length !== round.round) {
      return refuse(`round ${round.round} cannot open after ${rows.headers.length} rounds`);
    }
    rows.open = { ...round, contributions: [], declines: [] };
    return Promise.resolve();
  }

  append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void> {
    const open = this.#rows(run).open;
    if (open?.round !== round) return refuse(`round ${round} is not open`);
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
    if (open?.round !== round) return refuse(`round ${round} is not open`);
    const others = open.declines.filter(({ node }) => node !== row.node);
    this.#rows(run).open = { ...open, declines: [...others, row] };
    return Promise.resolve();
  }

  close(closed: CloseRound): Promise<void> {
    const rows = this.#rows(closed.run);
    if (rows.open?.round !== closed.round) return refuse(`round ${closed.round} is not open`);
    rows.headers.push(closed.header);
    rows.metrics.push(closed.metrics);
    rows.last = closed.header.included === 0 ? [] : rows.open.contributions;
    const { declines: _, ...past } = rows.open;
    rows.recent.push(past);
    if (rows.recent.length > KEPT_ROUNDS) rows.recent.shift();
    rows.open = undefined;
    return Promise.resolve();
  }

  #rows(run: RunId): RunRows {
    let rows = this.#runs.get(run);
    if (rows === undefined) {
      rows = { headers: [], metrics: [], last: [], recent: [], open: undefined };
      this.#runs.set(run, rows);
    }
    return rows;
  }
}

function refuse(reason: string): Promise<never> {
  return Promise.reject(new TallyError('STORE_DATABASE', { reason }));
}
