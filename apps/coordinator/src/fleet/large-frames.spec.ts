import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { concatBytes } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { LargeFrames, MAX_MESSAGE_BYTES } from './large-frames.js';
import { unmaskWords } from './unmask.js';

const OPEN = 1;
const CLOSING = 2;

interface SentFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly size: number;
  readonly isMasked?: boolean;
}

/** Payload of the n-th frame. */
const payloadOf = ({ size }: SentFrame, n: number): Uint8Array =>
  Buffer.alloc(
    size,
    Uint8Array.from({ length: 251 }, (_, i) => (i * 7 + n) & 255),
  );

/** The frame as a client sends it (RFC 6455 §5.2). */
function wireOf(frame: SentFrame, n: number): Uint8Array {
  const { opcode, isFinal, size, isMasked = true } = frame;
  const [code, bytes] = size < 126 ? [size, 0] : size < 65_536 ? [126, 2] : [127, 8];
  const length = new Uint8Array(bytes);
  if (bytes === 2) new DataView(length.buffer).setUint16(0, size);
  if (bytes === 8) new DataView(length.buffer).setBigUint64(0, BigInt(size));
  const head = Uint8Array.of((isFinal ? 0x80 : 0) | opcode, (isMasked ? 0x80 : 0) | code);
  const mask = isMasked ? Uint8Array.of(n, n + 1, 77, 255) : new Uint8Array(0);
  const payload = payloadOf(frame, n);
  if (isMasked) for (let i = 0; i < size; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return concatBytes(head, length, mask, payload);
}

/** A socket, what came of it in order, and memory for one message. */
class Bench {
  readonly socket = new Duplex({ read: () => undefined, write: () => undefined });
  readonly ws = Object.assign(new EventEmitter(), { readyState: OPEN, isPaused: false });
  /** What `ws` got in one go, and what was told as a message. */
  readonly seen: { readonly to: 'ws' | 'message'; readonly bytes: Uint8Array }[] = [];
  readonly slot = new Uint8Array(new SharedArrayBuffer(MAX_MESSAGE_BYTES));
  readonly frames: LargeFrames;
  taken = 0;

  constructor() {
    this.socket.on('data', (bytes: Uint8Array) => this.saw('ws', bytes));
    this.frames = new LargeFrames(this.socket, this.ws as unknown as WebSocket); // all it looks at
    this.ws.on('message', (bytes: Uint8Array) => this.saw('message', bytes));
    this.frames.land = () => ({ bytes: this.slot, done: () => this.taken++ });
  }

  /** Joins what `ws` gets without a message between. */
  saw(to: 'ws' | 'message', bytes: Uint8Array): void {
    const last = this.seen.at(-1);
    const isMore = to === 'ws' && last?.to === 'ws';
    if (isMore) this.seen.pop();
    this.seen.push({ to, bytes: concatBytes(...(isMore ? [last.bytes] : []), bytes) });
  }

  /** Sends `bytes` cut into reads of at most `cut` bytes, as the socket's pauses allow. */
  async send(bytes: Uint8Array, cut = 65_536): Promise<void> {
    for (let at = 0; at < bytes.length; at += cut) {
      while (this.socket.isPaused()) await Promise.resolve();
      this.socket.emit('data', Buffer.from(bytes.subarray(at, at + cut)));
    }
    while (this.socket.isPaused()) await Promise.resolve();
  }
}

/** What has to come of these frames. */
function wantedOf(sent: readonly SentFrame[], wires: readonly Uint8Array[]): Bench['seen'] {
  const want = new Bench();
  let isFragmented = false;
  for (const [n, frame] of sent.entries()) {
    const { opcode, isFinal, size } = frame;
    const isLarge = opcode === 2 && isFinal && !isFragmented && size > 65_536;
    want.saw(
      isLarge ? 'message' : 'ws',
      isLarge ? payloadOf(frame, n) : (wires[n] ?? new Uint8Array(0)),
    );
    if (!isLarge && opcode < 8) isFragmented = !isFinal;
  }
  return want.seen;
}

/** Short, so that a difference can be read. */
const textOf = (seen: Bench['seen']): string[] =>
  seen.map(({ to, bytes }) => `${to} ${bytes.length} ${sha256(bytes)}`);

const large: SentFrame = { opcode: 2, isFinal: true, size: 200_001 };
const small: SentFrame = { opcode: 2, isFinal: true, size: 300 };

describe('LargeFrames', () => {
  it('lets large messages land and ws have the rest, however the bytes are cut', async () => {
    const size = fc.constantFrom(0, 1, 125, 126, 4_000, 65_535, 65_536, 65_537, 150_003);
    const frame = fc.record({
      opcode: fc.constantFrom(2, 2, 2, 1, 9),
      isFinal: fc.boolean(),
      size,
    });
    const cut = fc.constantFrom(1_000, 4_093, 65_536, 10 ** 6);
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 8 }),
        cut,
        fc.boolean(),
        async (sent, step, isFull) => {
          const bench = new Bench();
          const room = bench.frames.land;
          let asked = 0;
          bench.frames.land = () => (isFull && ++asked % 2 === 1 ? Promise.resolve() : room());
          const wires = sent.map(wireOf);
          await bench.send(concatBytes(...wires), step);
          expect(textOf(bench.seen)).toEqual(textOf(wantedOf(sent, wires)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['nobody waits for one', (bench: Bench) => (bench.frames.land = () => undefined), large],
    ['the socket closes', (bench: Bench) => (bench.ws.readyState = CLOSING), large],
    ['it is not masked', () => undefined, { ...large, isMasked: false }],
    ['it is larger than any may be', () => undefined, { ...large, size: MAX_MESSAGE_BYTES + 1 }],
  ])('leaves a large message to ws when %s', async (_, prepare, frame) => {
    const bench = new Bench();
    prepare(bench);
    await bench.send(wireOf(frame, 1));
    expect(textOf(bench.seen)).toEqual(textOf([{ to: 'ws', bytes: wireOf(frame, 1) }]));
    expect(bench.taken).toBe(0);
  });

  it('takes a landing back when the message was handled, and when its listener throws', async () => {
    const bench = new Bench();
    await bench.send(wireOf(large, 1));
    expect(bench.taken).toBe(1);
    bench.ws.on('message', () => {
      throw new Error('a listener');
    });
    await expect(bench.send(wireOf(large, 1))).rejects.toThrow('a listener');
    expect(bench.taken).toBe(2);
  });

  it('looks anew for its memory while a message lands', async () => {
    const bench = new Bench();
    let bytes: Uint8Array = bench.slot;
    bench.frames.land = () => ({
      get bytes() {
        return bytes;
      },
      done: () => undefined,
    });
    const wire = wireOf(large, 1);
    await bench.send(wire.subarray(0, 100_000));
    bytes = new Uint8Array(bytes); // the file was closed
    bench.slot.fill(0);
    await bench.send(wire.subarray(100_000));
    expect(textOf(bench.seen)).toEqual(textOf([{ to: 'message', bytes: payloadOf(large, 1) }]));
  });

  it('gives ws what a closing socket has left, and nothing after it', async () => {
    const bench = new Bench();
    bench.socket.emit('data', Buffer.from(wireOf(small, 1)));
    bench.socket.emit('close');
    bench.socket.emit('data', Buffer.from(wireOf(small, 2)));
    expect(bench.seen).toEqual([{ to: 'ws', bytes: wireOf(small, 1) }]);
  });

  it('unmasks words and what is left of them', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    unmaskWords(bytes, Uint8Array.of(1, 2, 3, 4));
    expect([...bytes]).toEqual([0, 0, 0, 0, 4, 4, 4]);
  });
});
