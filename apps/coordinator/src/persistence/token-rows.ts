import { TallyError } from '@tallystick/kernel';
import { LessThan } from 'typeorm';
import { TokenEntity, UserEntity } from './entities/index.js';
import type { UnitOfWork } from './unit-of-work.js';

/** API tokens of one user. */
const MAX_TOKENS = 20;

export type NewTokenRow = Pick<
  TokenEntity,
  'id' | 'hash' | 'userId' | 'name' | 'scopes' | 'expiresAt'
>;

/** API tokens of people. */
export class TokenRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Expired tokens of the user make room. Throws USAGE_INVALID when there are too many. */
  async add(token: NewTokenRow): Promise<TokenEntity> {
    return this.#work.run(async (tx) => {
      const { manager } = tx;
      const { userId } = token;
      await manager.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
      await manager.delete(TokenEntity, { userId, expiresAt: LessThan(tx.now()) });
      if ((await manager.countBy(TokenEntity, { userId })) >= MAX_TOKENS) {
        const detail = `there are ${MAX_TOKENS} tokens already; revoke one`;
        throw new TallyError('USAGE_INVALID', { detail });
      }
      const row = { ...token, createdAt: tx.now(), usedAt: null };
      await manager.insert(TokenEntity, row);
      return row;
    });
  }

  async find(
    id: string,
  ): Promise<{ readonly token: TokenEntity; readonly user: UserEntity } | undefined> {
    return this.#work.read(async (manager) => {
      const token = await manager.findOneBy(TokenEntity, { id });
      const user =
        token === null ? null : await manager.findOneBy(UserEntity, { id: token.userId });
      return token === null || user === null ? undefined : { token, user };
    });
  }

  async used(id: string): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(TokenEntity, { id }, { usedAt: tx.now() });
    });
  }

  /** Of one user, or of everybody. */
  list(userId?: string): Promise<readonly TokenEntity[]> {
    const where = userId === undefined ? {} : { userId };
    return this.#work.read((manager) =>
      manager.find(TokenEntity, { where, order: { createdAt: 'DESC' } }),
    );
  }

  /** Ends it; of `userId` alone, when given. True iff there was one. */
  async end(id: string, userId?: string): Promise<boolean> {
    return this.#work.run(async ({ manager }) => {
      const own = userId === undefined ? {} : { userId };
      return (await manager.delete(TokenEntity, { id, ...own })).affected === 1;
    });
  }
}
