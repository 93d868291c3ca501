import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '@tallystick/protocol';
import { EventReader } from './event-reader.js';

const event = (id: number): RunEvent => ({
  id,
  run: 0 as RunEvent['run'],
  atMs: 1,
  type: 'round.opened',
  round: id,
  detail: { text: 'Zürich\n"x"' },
});

const encode = (events: readonly RunEvent[]): Uint8Array =>
  new TextEncoder().encode(
    `: ping\n\n${events.map((e) => `id: ${e.id}\nevent: message\ndata: ${JSON.stringify(e)}\n\n`).join('')}`,
  );

describe('EventReader', () => {
  it('gives the same events however the bytes are cut', () => {
    const events = [1, 2, 3].map(event);
    const bytes = encode(events);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const read: RunEvent[] = [];
        const reader = new EventReader((e) => read.push(e));
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        at.slice(1).forEach((end, i) => reader.push(bytes.slice(at[i], end)));
        expect(read).toEqual(events);
      }),
    );
  });

  it('refuses an event that is none, and one without end', () => {
    const reader = new EventReader(() => undefined);
    const push = (text: string): void => reader.push(new TextEncoder().encode(text));
    expect(() => push('data: {"id":0}\n\n')).toThrow('an event cannot be read');
    expect(() => new EventReader(() => undefined).push(new Uint8Array(2 ** 21).fill(97))).toThrow(
      'the limit is',
    );
  });
});
