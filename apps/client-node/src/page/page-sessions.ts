import { timingSafeEqual } from 'node:crypto';
import { type Clock, type Entropy, type Hash, TallyError, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';

const TICKET_MS = 600_000;
const SESSION_MS = 43_200_000;
/** Links that were not used yet; the oldest makes room. */
const MAX_TICKETS = 8;
/** Windows that are signed in; the oldest makes room. */
const MAX_SESSIONS = 16;
/** Refused sign-ins in a minute before the next has to wait. */
const MAX_REFUSED = 30;
const MINUTE_MS = 60_000;

export interface PageSessionsDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Signs in instead of links, where the page can be reached from elsewhere. */
  readonly token?: string;
}

/**
 * Who may see the page: whoever holds the secret of a one-time link, for ten minutes, once; then that window, for twelve
 * hours. Secrets have 256 random bits, and only their hashes are kept, in memory alone.
 */
export class PageSessions {
  readonly #deps: PageSessionsDeps;
  readonly #tickets = new Map<Hash, number>();
  readonly #sessions = new Map<Hash, number>();
  #refused = { sinceMs: 0, count: 0 };

  constructor(deps: PageSessionsDeps) {
    this.#deps = deps;
  }

  /** The secret of a new link; undefined where links open nothing. */
  ticket(): string | undefined {
    if (this.#deps.token !== undefined) return undefined;
    return this.#issue(this.#tickets, TICKET_MS, MAX_TICKETS);
  }

  /** Uses a ticket up, or checks the token; the secret of a new session. Throws AUTH_SIGN_IN or AUTH_TOO_OFTEN. */
  enter(secret: string): string {
    this.#throttle();
    if (!this.#opens(secret)) {
      this.#refused.count++;
      throw new TallyError('AUTH_SIGN_IN');
    }
    return this.#issue(this.#sessions, SESSION_MS, MAX_SESSIONS);
  }

  has(session: string): boolean {
    return this.#isAlive(this.#sessions, hashOf(session));
  }

  end(session: string): void {
    this.#sessions.delete(hashOf(session));
  }

  #opens(secret: string): boolean {
    const { token } = this.#deps;
    if (token !== undefined) return isSameSecret(secret, token);
    const hash = hashOf(secret);
    const isGood = this.#isAlive(this.#tickets, hash);
    this.#tickets.delete(hash);
    return isGood;
  }

  #issue(into: Map<Hash, number>, lifeMs: number, most: number): string {
    const { entropy, clock } = this.#deps;
    const secret = Buffer.from(entropy.bytes(32)).toString('base64url');
    into.set(hashOf(secret), clock.nowMs() + lifeMs);
    for (const oldest of into.keys()) {
      if (into.size <= most) break;
      into.delete(oldest);
    }
    return secret;
  }

  #isAlive(among: ReadonlyMap<Hash, number>, hash: Hash): boolean {
    return this.#deps.clock.nowMs() < (among.get(hash) ?? 0);
  }

  #throttle(): void {
    const nowMs = this.#deps.clock.nowMs();
    const { sinceMs, count } = this.#refused;
    if (nowMs - sinceMs >= MINUTE_MS) this.#refused = { sinceMs: nowMs, count: 0 };
    else if (count >= MAX_REFUSED) {
      const seconds = Math.ceil((sinceMs + MINUTE_MS - nowMs) / 1_000);
      throw new TallyError('AUTH_TOO_OFTEN', { seconds });
    }
  }
}

function hashOf(secret: string): Hash {
  return sha256(utf8(secret));
}

/** In constant time. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(a), 'hex'), Buffer.from(hashOf(b), 'hex'));
}
