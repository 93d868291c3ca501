import { TallyError } from '@tallystick/kernel';
import type { RunId } from '@tallystick/kernel';
import type { CloseRound, RoundJournal, VoidSpan } from '@tallystick/rounds';
import type { Fence } from '../../persistence/fence.js';
import type { Outbox } from '../../persistence/outbox-rows.js';
import type { Voids } from '../../persistence/void-rows.js';
import { FakeOutbox } from '../fake-outbox.js';
import type { Sim } from './sim.js';
import { SimLeases } from './sim-leases.js';
import type { SimProcess } from './sim-process.js';
import { SimRuns } from './sim-runs.js';

/** What a client asks of the database in one transaction; `isRoundWrite` waits for the others that are. */
export type Transact = <T>(
  client: SimProcess,
  what: string,
  work: () => Promise<T>,
  isRoundWrite?: boolean,
) => Promise<T>;

/** A journal that is told what the chain voids. */
export interface VoidableJournal extends RoundJournal {
  voided(run: RunId, spans: readonly VoidSpan[]): void;
}

/** How a database is made. */
export interface DatabaseParts {
  readonly journal: VoidableJournal;
  /** For the mutants: the outbox row has a transaction of its own. */
  readonly closesInTwo?: boolean | undefined;
  /** For the mutants: nobody looks at the epoch of a write. */
  readonly skipsFence?: boolean | undefined;
}

/**
 * PostgreSQL as its clients see it: a transaction takes effect at one moment, whole, and stays. Its answer comes
 * later or never; a client that dies may have its last transactions committed all the same. Writes of rounds
 * and the load of a run wait for each other (the row lock of the round); other reads wait for nothing.
 */
export class SimDatabase {
  readonly leases: SimLeases;
  readonly runs: SimRuns;
  readonly #sim: Sim;
  readonly #parts: DatabaseParts;
  readonly #outbox = new FakeOutbox();
  #roundsFreeAtMs = 0;
  #voids: readonly VoidSpan[] = [];

  constructor(sim: Sim, parts: DatabaseParts) {
    this.#sim = sim;
    this.#parts = parts;
    const transact: Transact = (...of) => this.#transact(...of);
    this.leases = new SimLeases(sim, transact, parts.skipsFence === true);
    this.runs = new SimRuns(transact, this.leases);
  }

  /** True when every closed round is final. */
  get isDrained(): boolean {
    const finals = this.#outbox.rows.filter(({ row }) => row.status === 'final');
    return finals.length === this.#sim.watch.closedRounds;
  }

  /** @param onClosed told after a close committed. */
  journal(client: SimProcess, onClosed: () => void): { under(fence: Fence): RoundJournal } {
    return { under: (fence) => this.#journal(client, fence, onClosed) };
  }

  #journal(client: SimProcess, fence: Fence, onClosed: () => void): RoundJournal {
    const { watch } = this.#sim;
    const { journal } = this.#parts;
    const write = (what: string, work: () => Promise<void>): Promise<void> =>
      this.#write(client, fence, { what, work, isRound: true });
    return {
      load: (run, recent) => this.#transact(client, 'load', () => journal.load(run, recent), true),
      open: (open) =>
        write(`open ${open.round}`, async () => {
          await journal.open(open);
          watch.opened(open);
        }),
      append: (run, round, rows) =>
        write(`append ${round}: ${rows.map(({ node }) => node).join(' ')}`, async () => {
          await journal.append(run, round, rows);
          watch.appended(round, rows);
        }),
      decline: (run, round, row) =>
        write(`decline ${round}: ${row.node}`, async () => {
          await journal.decline(run, round, row);
          watch.declined(round, row);
        }),
      close: (closed) =>
        write(`close ${closed.round}`, async () => {
          await journal.close(closed);
          watch.closed(closed);
          await this.#queue(client, closed);
          client.awake(onClosed);
        }),
    };
  }

  /** Persistence's VoidRows for one process. */
  voids(client: SimProcess): { under(fence: Fence): Voids } {
    return { under: (fence) => this.#voidsUnder(client, fence) };
  }

  #voidsUnder(client: SimProcess, fence: Fence): Voids {
    const { watch } = this.#sim;
    const { journal } = this.#parts;
    return {
      ofRuns: (runs) =>
        this.#transact(
          client,
          'voids',
          async () => new Map(runs.map((run) => [run, this.#voids] as const)),
        ),
      take: (run, spans) => {
        const work = async (): Promise<void> => {
          this.#voids = spans;
          journal.voided(run, spans);
          this.#outbox.voided(spans);
          this.runs.voided(spans.at(-1)?.until ?? 0);
          watch.taken(spans);
        };
        return this.#write(client, fence, { what: 'take voids', work, isRound: true });
      },
    };
  }

  async #queue(client: SimProcess, { header }: CloseRound): Promise<void> {
    const add = async (): Promise<void> => this.#outbox.add(header);
    if (this.#parts.closesInTwo !== true) return add();
    this.#transact(client, 'outbox', add).catch(() => undefined);
  }

  outbox(client: SimProcess): { under(fence: Fence): Outbox } {
    return { under: (fence) => this.#outboxUnder(client, fence) };
  }

  #outboxUnder(client: SimProcess, fence: Fence): Outbox {
    const { watch } = this.#sim;
    const outbox = this.#outbox;
    const numbers = (rounds: readonly { round: number }[]): string =>
      rounds.map(({ round }) => round).join(' ');
    const write = (what: string, work: () => Promise<void>): Promise<void> =>
      this.#write(client, fence, { what, work, isRound: false });
    return {
      waiting: (limit, resting) =>
        this.#transact(client, 'waiting', () => outbox.waiting(limit, resting)),
      newestFinal: (run) => this.#transact(client, 'newest final', () => outbox.newestFinal(run)),
      prepared: (rounds, commit) =>
        write(`prepared ${numbers(rounds)}`, () => outbox.prepared(rounds, commit)),
      unprepared: (rounds) =>
        write(`unprepared ${numbers(rounds)}`, () => outbox.unprepared(rounds)),
      submitted: (rounds) => write(`submitted ${numbers(rounds)}`, () => outbox.submitted(rounds)),
      final: (rounds) =>
        write(`final ${numbers(rounds)}`, async () => {
          await outbox.final(rounds);
          watch.final(rounds.map(({ round }) => round));
        }),
    };
  }

  /** A write under a lease. */
  #write(
    client: SimProcess,
    fence: Fence,
    of: {
      readonly what: string;
      readonly work: () => Promise<void>;
      readonly isRound: boolean;
    },
  ): Promise<void> {
    const fenced = async (): Promise<void> => {
      this.leases.hold(fence);
      await of.work();
    };
    return this.#transact(client, of.what, fenced, of.isRound);
  }

  #transact<T>(
    client: SimProcess,
    what: string,
    work: () => Promise<T>,
    isRoundWrite = false,
  ): Promise<T> {
    const { clock, faults, random, trace } = this.#sim;
    const isFailed = faults.strikes('database.failed');
    const isAmbiguous = !isFailed && faults.strikes('database.ambiguous');
    const ms = faults.strikes('database.slow') ? random.between(200, 5_000) : random.between(1, 4);
    const atMs = Math.max(clock.nowMs() + ms, isRoundWrite ? this.#roundsFreeAtMs : 0);
    if (isRoundWrite) this.#roundsFreeAtMs = atMs;
    client.ambient(atMs - clock.nowMs() + 1);
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void =>
        void clock.after(random.between(0, 2), () => {
          client.awake(settle);
        });
      const refuse = (error: unknown): void => answer(() => reject(error));
      clock.after(atMs - clock.nowMs(), () => {
        if (!client.isAlive && random.chance(0.5)) return;
        if (isFailed) return refuse(broken());
        trace.add(`database ${what}`);
        work().then((value) => {
          if (isAmbiguous) refuse(broken());
          else answer(() => resolve(value));
        }, refuse);
      });
    });
  }
}

function broken(): TallyError {
  return new TallyError('STORE_DATABASE', { reason: 'the connection broke' });
}
