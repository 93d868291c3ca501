import { TallyError } from '@tallystick/kernel';
import { RunEvent } from '@tallystick/protocol';

/** Longest event text that is kept while it arrives. */
const MAX_EVENT_CHARS = 1024 * 1024;

/** Run events out of the pieces of a `text/event-stream` (HTML Living Standard §9.2). */
export class EventReader {
  readonly #take: (event: RunEvent) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(take: (event: RunEvent) => void) {
    this.#take = take;
  }

  /** Throws PROTO_MALFORMED for an event that is none, PROTO_TOO_LARGE for one without end. */
  push(piece: Uint8Array): void {
    this.#rest += this.#decoder.decode(piece, { stream: true });
    const blocks = this.#rest.split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    if (this.#rest.length > MAX_EVENT_CHARS) {
      const size = { bytes: this.#rest.length, limit: MAX_EVENT_CHARS };
      throw new TallyError('PROTO_TOO_LARGE', { what: 'an event', ...size });
    }
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) this.#take(event);
    }
  }
}

/** Undefined for comments and keep-alives. */
function eventOf(block: string): RunEvent | undefined {
  const data = block
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
  if (data === '') return undefined;
  try {
    return RunEvent.parse(JSON.parse(data));
  } catch (error) {
    const reason = `an event cannot be read: ${data.slice(0, 200)}`;
    throw new TallyError('PROTO_MALFORMED', { reason }, error);
  }
}
