/** One socket as the fleet sees it: whole messages, a close code, and pressure in both directions. */
export interface Wire {
  /** Queues one binary message; ends the socket instead when the peer reads too slowly. */
  send(bytes: Uint8Array): void;
  /** Closes politely; `reason` is at most 123 bytes. */
  close(code: number, reason: string): void;
  /** Stops and starts reading. */
  pause(): void;
  resume(): void;
}
