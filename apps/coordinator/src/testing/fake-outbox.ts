import type { RunId } from '@tallystick/kernel';
import { type BlockRef, isVoid, type VoidSpan } from '@tallystick/rounds';
import type { Header } from '@tallystick/record';
import type { Outbox, StoredCommit, WaitingRound } from '../persistence/outbox-rows.js';

type Rounds = Parameters<Outbox['final']>[0];

/** The outbox in memory; what it holds is what would be durable. */
export class FakeOutbox implements Outbox {
  readonly rows: { row: WaitingRound; block?: BlockRef }[] = [];
  /** Names of the methods that wrote, in order. */
  readonly writes: string[] = [];

  /** What closing a round would write. */
  add(header: Header): void {
    const { run, round } = header;
    this.rows.push({ row: { run, round, header, status: 'pending', attempts: 0 } });
  }

  waiting(limit: number, resting: readonly RunId[] = []): Promise<readonly WaitingRound[]> {
    const rows = this.rows
      .map(({ row }) => row)
      .filter(
        ({ status, run }) => status !== 'final' && status !== 'void' && !resting.includes(run),
      );
    return Promise.resolve(rows.slice(0, limit));
  }

  prepared(rounds: Rounds, commit: StoredCommit): Promise<void> {
    return this.#write('prepared', rounds, (row) => ({
      ...row,
      commit,
      attempts: row.attempts + 1,
    }));
  }

  unprepared(rounds: Rounds): Promise<void> {
    return this.#write('unprepared', rounds, ({ commit: _, ...row }) => ({
      ...row,
      status: 'pending',
    }));
  }

  submitted(rounds: Rounds): Promise<void> {
    return this.#write('submitted', rounds, (row) => ({ ...row, status: 'submitted' }));
  }

  final(rounds: Rounds): Promise<void> {
    return this.#write('final', rounds, (row) => ({ ...row, status: 'final' }));
  }

  newestFinal(run: RunId): Promise<{ round: number; header: Header } | undefined> {
    const finals = this.rows.filter(({ row }) => row.run === run && row.status === 'final');
    const newest = finals.at(-1)?.row;
    return Promise.resolve(newest && { round: newest.round, header: newest.header });
  }

  /** What the chain has voided; nothing else becomes of these rows. */
  voided(spans: readonly VoidSpan[]): void {
    for (const entry of this.rows) {
      if (isVoid(spans, entry.row.round)) entry.row = { ...entry.row, status: 'void' };
    }
  }

  #write(name: string, rounds: Rounds, change: (row: WaitingRound) => WaitingRound): Promise<void> {
    this.writes.push(name);
    for (const { run, round } of rounds) {
      const entry = this.rows.find(({ row }) => row.run === run && row.round === round);
      if (entry !== undefined && entry.row.status !== 'void') entry.row = change(entry.row);
    }
    return Promise.resolve();
  }
}
