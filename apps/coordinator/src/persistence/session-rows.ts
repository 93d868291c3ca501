import type { Hash } from '@tallystick/kernel';
import { LessThan } from 'typeorm';
import { SessionEntity, TicketEntity, UserEntity } from './entities/index.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Sessions of one user; the one not used for longest makes room for another. */
const MAX_SESSIONS = 16;
/** Sign-in links that were not used yet; the oldest makes room for another. */
const MAX_TICKETS = 32;

/** A session with its user. */
export interface SessionRow {
  readonly session: SessionEntity;
  readonly user: UserEntity;
}

export type NewSessionRow = Pick<SessionEntity, 'id' | 'hash' | 'userId' | 'address'>;

/** Signed-in browsers, and the operator's sign-in links. */
export class SessionRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Forgets what ended before `endedAt`, and stores the session. */
  async add(session: NewSessionRow, endedAt: Date): Promise<void> {
    await this.#work.run(async (tx) => {
      const { manager } = tx;
      const { userId } = session;
      // the user's row is locked, so that two sign-ins at once do not pass the bound together
      await manager.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
      await manager.delete(SessionEntity, { createdAt: LessThan(endedAt) });
      const own = await manager.find(SessionEntity, {
        where: { userId },
        order: { seenAt: 'DESC' },
      });
      for (const { id } of own.slice(MAX_SESSIONS - 1)) await manager.delete(SessionEntity, { id });
      await manager.insert(SessionEntity, { ...session, createdAt: tx.now(), seenAt: tx.now() });
    });
  }

  async find(hash: Hash): Promise<SessionRow | undefined> {
    return this.#work.read(async (manager) => {
      const session = await manager.findOneBy(SessionEntity, { hash });
      const user =
        session === null ? null : await manager.findOneBy(UserEntity, { id: session.userId });
      return session === null || user === null ? undefined : { session, user };
    });
  }

  async seen(id: string): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(SessionEntity, { id }, { seenAt: tx.now() });
    });
  }

  /** Newest first; of `userId` alone, when given. */
  list(userId?: string): Promise<readonly SessionEntity[]> {
    const where = userId === undefined ? {} : { userId };
    return this.#work.read((manager) =>
      manager.find(SessionEntity, { where, order: { createdAt: 'DESC' } }),
    );
  }

  /** Ends it; of `userId` alone, when given. True iff there was one. */
  async end(id: string, userId?: string): Promise<boolean> {
    return this.#work.run(async ({ manager }) => {
      const own = userId === undefined ? {} : { userId };
      return (await manager.delete(SessionEntity, { id, ...own })).affected === 1;
    });
  }

  async addTicket(hash: Hash): Promise<void> {
    await this.#work.run(async (tx) => {
      const old = await tx.manager.find(TicketEntity, { order: { createdAt: 'DESC' } });
      for (const ticket of old.slice(MAX_TICKETS - 1)) {
        await tx.manager.delete(TicketEntity, { hash: ticket.hash });
      }
      await tx.manager.insert(TicketEntity, { hash, createdAt: tx.now() });
    });
  }

  /** Uses the ticket up; when it was made, or undefined when there is none. */
  async useTicket(hash: Hash): Promise<Date | undefined> {
    return this.#work.run(async ({ manager }) => {
      const ticket = await manager.findOneBy(TicketEntity, { hash });
      const { affected } = await manager.delete(TicketEntity, { hash });
      return affected === 1 ? ticket?.createdAt : undefined;
    });
  }
}
