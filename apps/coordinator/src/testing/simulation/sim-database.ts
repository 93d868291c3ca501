import { TallyError } from '@tallystick/kernel';
import type { CloseRound, RoundJournal } from '@tallystick/rounds';
import type { Outbox } from '../../persistence/outbox-rows.js';
import { FakeOutbox } from '../fake-outbox.js';
import type { Sim } from './sim.js';
import type { SimProcess } from './sim-process.js';

/**
 * PostgreSQL as its clients see it: a transaction takes effect at one moment, whole, and stays. Its answer comes
 * later or never; a client that dies may have its last transactions committed all the same. Writes of rounds
 * and the load of a run wait for each other (the row lock of the round); other reads wait for nothing.
 */
export class SimDatabase {
  readonly #sim: Sim;
  readonly #journal: RoundJournal;
  readonly #closesInTwo: boolean;
  readonly #outbox = new FakeOutbox();
  /** Told after a close committed. */
  onClosed: () => void = () => undefined;
  #leader: SimProcess | undefined;
  #roundsFreeAtMs = 0;

  /** @param store.closesInTwo for the mutants: the outbox row has a transaction of its own. */
  constructor(
    sim: Sim,
    store: { readonly journal: RoundJournal; readonly closesInTwo?: boolean | undefined },
  ) {
    this.#sim = sim;
    this.#journal = store.journal;
    this.#closesInTwo = store.closesInTwo === true;
  }

  /** True when every closed round is final. */
  get isDrained(): boolean {
    const finals = this.#outbox.rows.filter(({ row }) => row.status === 'final');
    return finals.length === this.#sim.watch.closedRounds;
  }

  journal(client: SimProcess): RoundJournal {
    const { watch } = this.#sim;
    const write = (what: string, work: () => Promise<void>): Promise<void> =>
      this.#transact(client, what, work, true);
    return {
      load: (run, recent) =>
        this.#transact(client, 'load', () => this.#journal.load(run, recent), true),
      open: (open) =>
        write(`open ${open.round}`, async () => {
          await this.#journal.open(open);
          watch.opened(open);
        }),
      append: (run, round, rows) =>
        write(`append ${round}: ${rows.map(({ node }) => node).join(' ')}`, async () => {
          await this.#journal.append(run, round, rows);
          watch.appended(round, rows);
        }),
      decline: (run, round, row) =>
        write(`decline ${round}: ${row.node}`, async () => {
          await this.#journal.decline(run, round, row);
          watch.declined(round, row);
        }),
      close: (closed) =>
        write(`close ${closed.round}`, async () => {
          await this.#journal.close(closed);
          watch.closed(closed);
          const queued = this.#closesInTwo
            ? this.#transact(client, 'outbox', () => this.#queue(closed))
            : this.#queue(closed);
          if (this.#closesInTwo) queued.catch(() => undefined);
          else await queued;
        }),
    };
  }

  async #queue({ header }: CloseRound): Promise<void> {
    this.#outbox.add(header);
    this.onClosed();
  }

  outbox(client: SimProcess): Outbox {
    const { watch } = this.#sim;
    const outbox = this.#outbox;
    const numbers = (rounds: readonly { round: number }[]): string =>
      rounds.map(({ round }) => round).join(' ');
    const write = (what: string, work: () => Promise<void>): Promise<void> =>
      this.#transact(client, what, work);
    return {
      waiting: (limit) => this.#transact(client, 'waiting', () => outbox.waiting(limit)),
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

  /** The session lock of the publisher: it ends with the connection of its holder. */
  lead(client: SimProcess): Promise<void> {
    return this.#transact(client, 'lead', async () => {
      if (this.#leader?.isAlive === true && this.#leader !== client) {
        throw new TallyError('LEDGER_NOT_LEADER');
      }
      this.#leader = client;
    });
  }

  /** The connection of the publisher is cut; its process may not know it yet. */
  cutLeader(): void {
    this.#leader = undefined;
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
          if (client.isAlive) settle();
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
