import { isatty } from 'node:tty';
import { type LogFields, type Logger, redact } from '@tallystick/kernel';
import { type DestinationStream, pino } from 'pino';
import { pretty } from './pretty.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  /** Least severe line that is written; default `info`. */
  readonly level?: LogLevel;
  /** Name of the process in every line, such as `coordinator`. */
  readonly role: string;
  /** Coloured text instead of JSON; by default when stderr is a terminal. */
  readonly pretty?: boolean;
  /** Where lines go; by default stderr, since stdout belongs to results. */
  readonly destination?: DestinationStream;
}

const STDERR = 2;

/** A Logger that writes one line per call, at once: nothing is lost when the process dies in the next statement. */
export function createLogger(options: LoggerOptions): Logger {
  const { role, level = 'info', pretty: isPretty = isatty(STDERR) } = options;
  const destination = options.destination ?? pino.destination({ dest: STDERR, sync: true });
  const log = pino(
    {
      level,
      base: { role, pid: process.pid },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    isPretty ? pretty(destination) : destination,
  );
  const write =
    (line: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}): void =>
      log[line](redact(fields), event);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
