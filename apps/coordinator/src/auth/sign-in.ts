import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Entropy, isTallyError, TallyError } from '@tallystick/kernel';
import type { FirstAdminRequest, LoginRequest } from '@tallystick/protocol';
import { addressBlock } from '../address-block.js';
import { clientAddress } from '../client-address.js';
import type { UserEntity } from '../persistence/entities/index.js';
import type { SessionRows } from '../persistence/session-rows.js';
import type { UserRows } from '../persistence/user-rows.js';
import { type ActLog, nobody } from './act-log.js';
import type { ApiToken } from './api-token.js';
import { cookieName, cookieText } from './cookies.js';
import { SESSION_MS } from './credentials.js';
import type { Passwords } from './passwords.js';
import { OPERATOR, type Principal, principalOf, userPrincipal } from './principal.js';
import { RateLimit } from './rate-limit.js';
import { hashOf, newId, newSecret } from './secrets.js';

const TICKET_MS = 600_000;
/** Sign-in attempts from one address block, and with one name, in a minute. */
const PER_ADDRESS = { limit: 60, windowMs: 60_000 } as const;
const PER_NAME = { limit: 30, windowMs: 60_000 } as const;

export interface SignInDeps {
  readonly users: UserRows;
  readonly sessions: SessionRows;
  readonly apiToken: ApiToken;
  readonly passwords: Passwords;
  readonly log: ActLog;
  /** The page is served over TLS. */
  readonly isSecure: () => boolean;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Request and response that a session belongs to. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * The ways in: password, one-time link, first admin, provider. Each ends in a session of its own: an old cookie is never
 * taken over. Refusals say the same whatever was wrong.
 */
export class SignIn {
  readonly #deps: SignInDeps;
  readonly #perAddress: RateLimit;
  readonly #perName: RateLimit;

  constructor(deps: SignInDeps) {
    this.#deps = deps;
    this.#perAddress = new RateLimit(deps.clock, PER_ADDRESS);
    this.#perName = new RateLimit(deps.clock, PER_NAME);
  }

  /** Counts an attempt from this address. Throws AUTH_TOO_OFTEN. */
  attempt(request: IncomingMessage): void {
    this.#perAddress.take(addressBlock(clientAddress(request)));
  }

  withPassword({ name, password }: LoginRequest, exchange: Exchange): Promise<Principal> {
    return this.#logged(name, exchange, async () => {
      this.#perName.take(name);
      const user = await this.#deps.users.local(name);
      const isRight = await this.#deps.passwords.matches(user?.password ?? null, password);
      if (user === null || !isRight) throw new TallyError('AUTH_SIGN_IN');
      return user;
    });
  }

  /** A secret for `#ticket=…`, good once. */
  async ticket(): Promise<{ readonly ticket: string; readonly expiresAt: string }> {
    const { sessions, entropy, clock } = this.#deps;
    const ticket = newSecret(entropy);
    await sessions.addTicket(hashOf(ticket));
    return { ticket, expiresAt: new Date(clock.nowMs() + TICKET_MS).toISOString() };
  }

  /** The operator, by a link. */
  withTicket(ticket: string, exchange: Exchange): Promise<Principal> {
    return this.#logged('a link', exchange, async () => {
      const madeAt = await this.#deps.sessions.useTicket(hashOf(ticket));
      const isFresh =
        madeAt !== undefined && this.#deps.clock.nowMs() - madeAt.getTime() < TICKET_MS;
      const operator = isFresh ? await this.#deps.users.find(OPERATOR.id) : null;
      if (operator === null) throw new TallyError('AUTH_SIGN_IN');
      return operator;
    });
  }

  firstAdmin(request: FirstAdminRequest, exchange: Exchange): Promise<Principal> {
    const { users, apiToken, passwords, entropy } = this.#deps;
    return this.#logged(request.name, exchange, async () => {
      if (!apiToken.matches(request.token)) throw new TallyError('AUTH_SIGN_IN');
      return users.addFirstAdmin({
        id: newId(entropy),
        name: request.name,
        role: 'admin',
        organisation: null,
        source: 'local',
        password: await passwords.hash(request.password),
        issuer: null,
        subject: null,
      });
    });
  }

  /** Whoever the provider vouches for; `find` may throw. */
  withProvider(find: () => Promise<UserEntity>, exchange: Exchange): Promise<Principal> {
    return this.#logged('the provider', exchange, find);
  }

  /** Ends the session and takes the cookie back. */
  async out(principal: Principal | undefined, { response }: Exchange): Promise<void> {
    const { sessions, isSecure } = this.#deps;
    if (principal?.session !== undefined) await sessions.end(principal.session);
    const options = { isSecure: isSecure(), maxAgeS: 0 };
    const cookie = cookieText(sessionCookie(isSecure()), '', options);
    response.appendHeader('set-cookie', cookie);
    response.setHeader('clear-site-data', '"cache"');
  }

  async #logged(
    name: string,
    exchange: Exchange,
    find: () => Promise<UserEntity>,
  ): Promise<Principal> {
    const { log } = this.#deps;
    const act = { act: 'sign-in', object: '', address: clientAddress(exchange.request) };
    try {
      this.attempt(exchange.request);
      const user = await find();
      if (user.disabledAt !== null) throw new TallyError('AUTH_SIGN_IN');
      const principal = await this.#open(user, exchange);
      await log.add(principal, { ...act, outcome: 'done' });
      return principal;
    } catch (error) {
      const outcome = isTallyError(error) ? error.code : 'INTERNAL';
      await log.add(nobody(name), { ...act, outcome });
      throw error;
    }
  }

  async #open(user: UserEntity, { request, response }: Exchange): Promise<Principal> {
    const { sessions, entropy, clock, isSecure } = this.#deps;
    const old = principalOf(request)?.session;
    if (old !== undefined) await sessions.end(old);
    const secret = newSecret(entropy);
    const session = { id: newId(entropy), hash: hashOf(secret), userId: user.id };
    const endedAt = new Date(clock.nowMs() - SESSION_MS);
    await sessions.add({ ...session, address: clientAddress(request) }, endedAt);
    const options = { isSecure: isSecure(), maxAgeS: SESSION_MS / 1_000 };
    const cookie = cookieText(sessionCookie(isSecure()), secret, options);
    response.appendHeader('set-cookie', cookie);
    return userPrincipal(user, session.id);
  }
}

export function sessionCookie(isSecure: boolean): string {
  return isSecure ? cookieName('tally', true) : 'tally-session';
}
