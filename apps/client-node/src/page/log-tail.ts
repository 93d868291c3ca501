import { type Clock, type LogFields, type Logger, redact } from '@tallystick/kernel';
import type { SiteLog } from '@tallystick/protocol';

type Line = SiteLog['lines'][number];

/** Lines that the page can show; older ones are where the process logs. */
const MAX_LINES = 500;
const MAX_TEXT = 600;

/** A logger that also remembers its newest lines, without secrets. Debug lines hold what came from the network: not kept. */
export class LogTail implements Logger {
  readonly #to: Logger;
  readonly #clock: Clock;
  readonly #lines: Line[] = [];

  constructor(to: Logger, clock: Clock) {
    this.#to = to;
    this.#clock = clock;
  }

  /** Newest first. */
  get lines(): readonly Line[] {
    return this.#lines.toReversed();
  }

  debug(event: string, fields?: LogFields): void {
    this.#to.debug(event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#keep('info', event, fields);
    this.#to.info(event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#keep('warn', event, fields);
    this.#to.warn(event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#keep('error', event, fields);
    this.#to.error(event, fields);
  }

  #keep(level: Line['level'], event: string, fields: LogFields = {}): void {
    const text = Object.entries(redact(fields))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ')
      .slice(0, MAX_TEXT);
    this.#lines.push({ atMs: this.#clock.nowMs(), level, event, text });
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }
}
