import type { DestinationStream } from 'pino';
import { isColorSupported, prettyFactory } from 'pino-pretty';

/** A destination that turns each JSON line into one line for people: time, level, role, event, fields. */
export function pretty(destination: DestinationStream): DestinationStream {
  const format = prettyFactory({
    colorize: isColorSupported,
    messageKey: 'event',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{role} {event}',
    ignore: 'role,pid',
    singleLine: true,
  });
  return { write: (line) => destination.write(format(line)) };
}
