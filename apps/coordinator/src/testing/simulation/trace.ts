import { createHash } from 'node:crypto';
import { asHash, type Hash } from '@tallystick/kernel';

/** Lines kept for the message of a failure. */
const KEPT = 4_000;

/** Everything that happened in a schedule, in order: a hash of all lines, and the newest of them to read. */
export class Trace {
  readonly lines: string[] = [];
  readonly #hash = createHash('sha256');
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(line: string): void {
    const text = `${this.#nowMs()} ${line}`;
    this.#hash.update(text);
    this.#hash.update('\n');
    this.lines.push(text);
    if (this.lines.length > 2 * KEPT) this.lines.splice(0, KEPT);
  }

  /** Two schedules with the same digest were the same, event by event. */
  digest(): Hash {
    return asHash(this.#hash.copy().digest('hex'));
  }
}
