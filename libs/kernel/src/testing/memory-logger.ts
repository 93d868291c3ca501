import type { LogFields, Logger } from '../index.js';

/** Keeps the last 10,000 lines so that a test can read them. */
export class MemoryLogger implements Logger {
  readonly lines: { level: string; event: string; fields: LogFields }[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.#push('debug', event, fields);
  }
  info(event: string, fields: LogFields = {}): void {
    this.#push('info', event, fields);
  }
  warn(event: string, fields: LogFields = {}): void {
    this.#push('warn', event, fields);
  }
  error(event: string, fields: LogFields = {}): void {
    this.#push('error', event, fields);
  }

  #push(level: string, event: string, fields: LogFields): void {
    if (this.lines.length >= 10_000) this.lines.shift();
    this.lines.push({ level, event, fields });
  }
}
