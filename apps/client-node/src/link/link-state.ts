import type { Clock, TallyError } from '@tallystick/kernel';
import type { SiteView } from '@tallystick/protocol';

/** How the connection to the coordinators stands, for people. */
export class LinkState {
  readonly #clock: Clock;
  #now: SiteView['link'];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = { isConnected: false, url: null, sinceMs: clock.nowMs(), reason: null };
  }

  get now(): SiteView['link'] {
    return this.#now;
  }

  connected(url: string): void {
    this.#now = { isConnected: true, url, sinceMs: this.#clock.nowMs(), reason: null };
  }

  /** The moment of the first failure in a row stays. */
  lost({ code, message }: TallyError): void {
    const { isConnected, url, sinceMs } = this.#now;
    const reason = `${code}: ${message}`.slice(0, 2_000);
    const since = isConnected ? this.#clock.nowMs() : sinceMs;
    this.#now = { isConnected: false, url, sinceMs: since, reason };
  }
}
