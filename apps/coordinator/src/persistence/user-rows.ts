import { TallyError } from '@tallystick/kernel';
import type { EntityManager } from 'typeorm';
import { GroupEntity, SessionEntity, TokenEntity, UserEntity } from './entities/index.js';
import { isUniqueViolation, type UnitOfWork } from './unit-of-work.js';

/** Users, and groups, that may be stored: what is listed is one page. */
const MAX_USERS = 1_000;
const MAX_GROUPS = 200;

export type NewUserRow = Pick<
  UserEntity,
  'id' | 'name' | 'role' | 'organisation' | 'source' | 'password' | 'issuer' | 'subject'
>;

/** "TLYU": one first admin, and an exact bound of the table. */
const USERS_LOCK = 0x54_4c_59_55;

/** Who can sign in, and the roles of groups. */
export class UserRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Everybody but the operator's row. */
  list(): Promise<readonly UserEntity[]> {
    return this.#work.read((manager) =>
      manager
        .createQueryBuilder(UserEntity, 'u')
        .where(`u.source <> 'operator'`)
        .orderBy('u.createdAt')
        .getMany(),
    );
  }

  /** What everybody is called, by id. */
  async names(): Promise<ReadonlyMap<string, string>> {
    const select = { id: true, name: true };
    const users = await this.#work.read((manager) => manager.find(UserEntity, { select }));
    return new Map(users.map(({ id, name }) => [id, name]));
  }

  find(id: string): Promise<UserEntity | null> {
    return this.#work.read((manager) => manager.findOneBy(UserEntity, { id }));
  }

  local(name: string): Promise<UserEntity | null> {
    return this.#work.read((manager) => manager.findOneBy(UserEntity, { name, source: 'local' }));
  }

  hasAdmin(): Promise<boolean> {
    return this.#work.read(hasAdmin);
  }

  /** Throws USAGE_INVALID for a name that is taken, and when there is no room. */
  async add(user: NewUserRow): Promise<UserEntity> {
    return this.#insert(user, () => Promise.resolve());
  }

  /** The one admin that the api-token makes. Throws AUTH_DENIED when there is an admin already. */
  async addFirstAdmin(user: NewUserRow): Promise<UserEntity> {
    return this.#insert(user, async (manager) => {
      if (await hasAdmin(manager)) {
        throw new TallyError('AUTH_DENIED', { what: 'a first admin: there is one' });
      }
    });
  }

  /** The user that this issuer knows by this subject, as the provider describes it now. */
  async fromProvider(user: NewUserRow): Promise<UserEntity> {
    const { issuer, subject, name, role, organisation } = user;
    const known = await this.#work.run(async ({ manager }) => {
      const at = { issuer: issuer ?? '', subject: subject ?? '' };
      await manager.update(UserEntity, at, { name, role, organisation });
      return manager.findOneBy(UserEntity, at);
    });
    return known ?? this.add(user);
  }

  /** Throws USAGE_UNKNOWN_USER. Whoever is disabled loses their sessions and tokens at once. */
  async change(
    id: string,
    changes: Partial<Pick<UserEntity, 'role' | 'organisation'>> & { readonly disabled?: boolean },
  ): Promise<UserEntity> {
    const { disabled, ...rest } = changes;
    return this.#work.run(async (tx) => {
      const { manager } = tx;
      const user = await manager.findOneBy(UserEntity, { id });
      if (user === null || user.source === 'operator') {
        throw new TallyError('USAGE_UNKNOWN_USER', { user: id });
      }
      Object.assign(user, rest);
      if (disabled !== undefined) user.disabledAt = disabled ? (user.disabledAt ?? tx.now()) : null;
      if (user.disabledAt !== null) {
        await manager.delete(SessionEntity, { userId: id });
        await manager.delete(TokenEntity, { userId: id });
      }
      return manager.save(user);
    });
  }

  groups(): Promise<readonly GroupEntity[]> {
    return this.#work.read((manager) => manager.find(GroupEntity, { order: { name: 'ASC' } }));
  }

  async putGroup(group: GroupEntity): Promise<void> {
    await this.#work.run(async ({ manager }) => {
      await lock(manager);
      const isNew = !(await manager.existsBy(GroupEntity, { name: group.name }));
      if (isNew && (await manager.count(GroupEntity)) >= MAX_GROUPS)
        throw full('groups', MAX_GROUPS);
      await manager.save(GroupEntity, group);
    });
  }

  /** False when there was none. */
  removeGroup(name: string): Promise<boolean> {
    return this.#work.run(
      async ({ manager }) => (await manager.delete(GroupEntity, { name })).affected === 1,
    );
  }

  async #insert(
    user: NewUserRow,
    check: (manager: EntityManager) => Promise<void>,
  ): Promise<UserEntity> {
    try {
      return await this.#work.run(async (tx) => {
        await lock(tx.manager);
        await check(tx.manager);
        if ((await tx.manager.count(UserEntity)) > MAX_USERS) throw full('users', MAX_USERS);
        const row = { ...user, createdAt: tx.now(), disabledAt: null };
        await tx.manager.insert(UserEntity, row);
        return row;
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new TallyError('USAGE_INVALID', { detail: `there is a user ${user.name}` }, error);
    }
  }
}

async function hasAdmin(manager: EntityManager): Promise<boolean> {
  return manager
    .createQueryBuilder(UserEntity, 'u')
    .where(`u.role = 'admin' AND u.source <> 'operator' AND u.disabled_at IS NULL`)
    .getExists();
}

async function lock(manager: EntityManager): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [USERS_LOCK]);
}

function full(what: string, limit: number): TallyError {
  return new TallyError('USAGE_INVALID', { detail: `there are ${limit} ${what} already` });
}
