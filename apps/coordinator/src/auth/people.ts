import { type Clock, type Entropy, TallyError } from '@tallystick/kernel';
import type {
  ChangeUserRequest,
  GroupRequest,
  NewTokenRequest,
  NewTokenView,
  NewUserRequest,
  PeopleView,
  SessionView,
  TokenView,
  UserView,
} from '@tallystick/protocol';
import type { SessionEntity, TokenEntity, UserEntity } from '../persistence/entities/index.js';
import type { SessionRows } from '../persistence/session-rows.js';
import type { TokenRows } from '../persistence/token-rows.js';
import type { UserRows } from '../persistence/user-rows.js';
import type { Passwords } from './passwords.js';
import { isPermission, type Role } from './permissions.js';
import type { Principal } from './principal.js';
import { RateLimit } from './rate-limit.js';
import { hashOf, newId, tokenText } from './secrets.js';

const DAY_MS = 86_400_000;
const MAX_GROUP_CHARS = 200;
/** Tokens that one user makes in a minute. */
const NEW_TOKENS = { limit: 20, windowMs: 60_000 } as const;

export interface PeopleDeps {
  readonly users: UserRows;
  readonly sessions: SessionRows;
  readonly tokens: TokenRows;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Users, groups, sessions and tokens. No answer holds a hash; a token's text is in one answer, once. */
export class People {
  readonly #deps: PeopleDeps;
  readonly #newTokens: RateLimit;

  constructor(deps: PeopleDeps) {
    this.#deps = deps;
    this.#newTokens = new RateLimit(deps.clock, NEW_TOKENS);
  }

  async view(by: Principal): Promise<PeopleView> {
    const { users, sessions, tokens } = this.#deps;
    const known = await users.list();
    const names = new Map(known.map(({ id, name }) => [id, name]));
    const groups = await users.groups();
    return {
      users: known.map(userView),
      sessions: (await sessions.list()).map((row) =>
        sessionView(row, { user: nameIn(names, row.userId), by }),
      ),
      tokens: (await tokens.list()).map((row) => tokenView(row, nameIn(names, row.userId))),
      groups: groups.map(({ name: group, role, organisation }) => ({ group, role, organisation })),
    };
  }

  async add({ name, role, organisation, password }: NewUserRequest): Promise<UserView> {
    const { users, passwords, entropy } = this.#deps;
    const user = await users.add({
      ...{ id: newId(entropy), name, role, source: 'local', issuer: null, subject: null },
      organisation: organisationFor(role, organisation),
      password: await passwords.hash(password),
    });
    return userView(user);
  }

  async change(id: string, changes: ChangeUserRequest): Promise<UserView> {
    const { users } = this.#deps;
    const user = await users.find(id);
    if (user === null) throw new TallyError('USAGE_UNKNOWN_USER', { user: id });
    const { role = user.role, disabled } = changes;
    const kept = role === 'site' ? (user.organisation ?? undefined) : undefined;
    const organisation = organisationFor(role, changes.organisation ?? kept);
    const off = disabled === undefined ? {} : { disabled };
    return userView(await users.change(id, { role, organisation, ...off }));
  }

  async putGroup(name: string, { role, organisation }: GroupRequest): Promise<void> {
    if (name.length > MAX_GROUP_CHARS) {
      throw new TallyError('USAGE_INVALID', {
        detail: `a group has ${MAX_GROUP_CHARS} characters`,
      });
    }
    await this.#deps.users.putGroup({
      ...{ name, role },
      organisation: organisationFor(role, organisation),
    });
  }

  async removeGroup(name: string): Promise<void> {
    assertFound(await this.#deps.users.removeGroup(name), `group ${name}`);
  }

  /** A token of whoever asks, for nothing they may not do themselves. A token makes no tokens. Throws AUTH_TOO_OFTEN. */
  async addToken(by: Principal, { name, scopes, days }: NewTokenRequest): Promise<NewTokenView> {
    if (by.kind !== 'user' && by.kind !== 'operator') {
      throw new TallyError('AUTH_DENIED', { what: 'a token made by a token' });
    }
    this.#newTokens.take(by.id);
    const wanted = [...new Set(scopes)].filter(isPermission);
    const refused = scopes.filter((scope) => !isPermission(scope) || !by.permissions.has(scope));
    if (refused.length > 0) {
      throw new TallyError('AUTH_DENIED', { what: `a token for ${refused.join(', ')}` });
    }
    const { tokens, entropy, clock } = this.#deps;
    const id = newId(entropy);
    const secret = Buffer.from(entropy.bytes(32)).toString('hex');
    const expiresAt = new Date(clock.nowMs() + days * DAY_MS);
    const row = { id, hash: hashOf(secret), userId: by.id, name, scopes: wanted, expiresAt };
    await tokens.add(row);
    return { token: tokenText({ id, secret }), id };
  }

  async ownTokens(by: Principal): Promise<TokenView[]> {
    return (await this.#deps.tokens.list(by.id)).map((row) => tokenView(row, by.name));
  }

  async ownSessions(by: Principal): Promise<SessionView[]> {
    const rows = await this.#deps.sessions.list(by.id);
    return rows.map((row) => sessionView(row, { user: by.name, by }));
  }

  /** One's own, or for whoever manages people anybody's. Others look as if they were not there. */
  async endToken(by: Principal, id: string): Promise<void> {
    assertFound(await this.#deps.tokens.end(id, ownerOf(by)), `token ${id}`);
  }

  async endSession(by: Principal, id: string): Promise<void> {
    assertFound(await this.#deps.sessions.end(id, ownerOf(by)), `session ${id}`);
  }
}

/** Whose things a principal may end; undefined: everybody's. */
function ownerOf({ permissions, id }: Principal): string | undefined {
  return permissions.has('people.manage') ? undefined : id;
}

function assertFound(isFound: boolean, path: string): void {
  if (!isFound) throw new TallyError('USAGE_NOT_FOUND', { path });
}

/** A site has an organisation, nobody else has. */
function organisationFor(role: Role, organisation: string | undefined): string | null {
  if (role === 'site' && organisation === undefined) {
    throw new TallyError('USAGE_INVALID', { detail: 'a site names its organisation' });
  }
  if (role !== 'site' && organisation !== undefined) {
    throw new TallyError('USAGE_INVALID', { detail: `the role ${role} has no organisation` });
  }
  return organisation ?? null;
}

function nameIn(names: ReadonlyMap<string, string>, id: string): string {
  return names.get(id) ?? id;
}

function userView(user: UserEntity): UserView {
  const { id, name, role, organisation, createdAt, disabledAt } = user;
  return {
    ...{ id, name, role, organisation },
    source: user.source === 'oidc' ? 'oidc' : 'local',
    createdAt: createdAt.toISOString(),
    disabledAt: disabledAt?.toISOString() ?? null,
  };
}

function sessionView(
  { id, createdAt, seenAt, address }: SessionEntity,
  { user, by }: { readonly user: string; readonly by: Principal },
): SessionView {
  return {
    ...{ id, user, address },
    createdAt: createdAt.toISOString(),
    lastSeenAt: seenAt.toISOString(),
    isCurrent: id === by.session,
  };
}

function tokenView(token: TokenEntity, user: string): TokenView {
  const { id, name, scopes, createdAt, expiresAt, usedAt } = token;
  return {
    ...{ id, name, user, scopes },
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    lastUsedAt: usedAt?.toISOString() ?? null,
  };
}
