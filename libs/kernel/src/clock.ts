/** A pending timer; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Time as the caller sees it. Injected everywhere, so that a whole run plays in virtual time. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
  /** Calls `callback` once after `delayMs`, unless cancelled. */
  after(delayMs: number, callback: () => void): Timer;
}
