import type { IncomingMessage } from 'node:http';
import type { Clock } from '@tallystick/kernel';
import type { SessionRows } from '../persistence/session-rows.js';
import type { TokenRows } from '../persistence/token-rows.js';
import type { ApiToken } from './api-token.js';
import { cookieOf } from './cookies.js';
import { assertSameSite } from '@tallystick/kernel/node';
import {
  nodePrincipal,
  OPERATOR,
  type Principal,
  tokenPrincipal,
  userPrincipal,
} from './principal.js';
import { hashOf, isSameHash, parseToken } from './secrets.js';
import type { SessionTokens } from './session-tokens.js';

/** Longest token that is looked at. */
const MAX_TOKEN_CHARS = 512;
/** A session that is not used ends after this. */
const IDLE_MS = 1_800_000;
/** Every session ends after this. */
export const SESSION_MS = 43_200_000;
/** How exact "last seen" is: a busy page does not write a row per request. */
const SEEN_MS = 60_000;

export interface CredentialsDeps {
  readonly apiToken: ApiToken;
  readonly nodes: SessionTokens;
  readonly tokens: TokenRows;
  readonly sessions: SessionRows;
  readonly cookie: () => string;
  readonly clock: Clock;
}

/** Who sent a request, by its bearer token or its session cookie. A bearer token goes before a cookie. */
export class Credentials {
  readonly #deps: CredentialsDeps;

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  /** Undefined for whoever shows nothing that is valid. Throws AUTH_CROSS_SITE. */
  async principalOf(request: IncomingMessage): Promise<Principal | undefined> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const token = bearerOf(authorization);
      return token === undefined ? undefined : this.#bearer(token);
    }
    const secret = cookieOf(request, this.#deps.cookie());
    assertSameSite(request, secret !== undefined);
    return secret === undefined ? undefined : this.#session(secret);
  }

  async #bearer(text: string): Promise<Principal | undefined> {
    const { apiToken, nodes, tokens, clock } = this.#deps;
    if (apiToken.matches(text)) return OPERATOR;
    const parts = parseToken(text);
    if (parts === undefined) {
      const node = nodes.check(text);
      return node === undefined ? undefined : nodePrincipal(node);
    }
    const found = await tokens.find(parts.id);
    if (found === undefined || !isSameHash(found.token.hash, hashOf(parts.secret)))
      return undefined;
    const { token, user } = found;
    const nowMs = clock.nowMs();
    if (token.expiresAt.getTime() <= nowMs || user.disabledAt !== null) return undefined;
    if (nowMs - (token.usedAt?.getTime() ?? 0) > SEEN_MS) await tokens.used(token.id);
    return tokenPrincipal(user, token);
  }

  async #session(secret: string): Promise<Principal | undefined> {
    const { sessions, clock } = this.#deps;
    const found = await sessions.find(hashOf(secret));
    if (found === undefined) return undefined;
    const { session, user } = found;
    const nowMs = clock.nowMs();
    const isOver =
      nowMs - session.seenAt.getTime() >= IDLE_MS ||
      nowMs - session.createdAt.getTime() >= SESSION_MS;
    if (isOver || user.disabledAt !== null) {
      await sessions.end(session.id);
      return undefined;
    }
    if (nowMs - session.seenAt.getTime() > SEEN_MS) await sessions.seen(session.id);
    return userPrincipal(user, session.id);
  }
}

function bearerOf(authorization: string): string | undefined {
  const [scheme, token, ...rest] = authorization.split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0)
    return undefined;
  return token.length > 0 && token.length <= MAX_TOKEN_CHARS ? token : undefined;
}
