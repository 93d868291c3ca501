import type { Duplex } from 'node:stream';
import { LIMITS } from '@tallystick/protocol';
import { WebSocket } from 'ws';
import { type FrameHead, readFrameHead } from './frame-head.js';
import type { Landing } from './spooler.js';
import { findUnmask } from './unmask.js';

/** Smaller messages are left to `ws`: they come in one read or two, and leave little behind. */
const LARGE_BYTES = 65_536;
/** Head length, head and one chunk. */
export const MAX_MESSAGE_BYTES = 4 + LIMITS.maxHeadBytes + LIMITS.chunkBytes;

const BINARY = 2;
const FIRST_CONTROL = 8;
const NOTHING = Buffer.alloc(0);
const unmask = findUnmask();

/** Where a large message may land; a promise when there is room only later; undefined: nobody waits for one. */
export type Land = () => Landing | Promise<void> | undefined;

/**
 * Reads a socket before `ws` does and takes large messages out of it: they land in memory that is there already, and are
 * told as the 'message' that `ws` would tell; a view that is good until the listeners return. `ws` itself would keep the
 * 64 KiB pieces of each, join them in a buffer of their own, and leave that to the garbage collector. Whatever else comes,
 * `ws` gets as it came, and judges it.
 */
export class LargeFrames {
  /** Set once the socket belongs to a session. */
  land: Land = () => undefined;
  readonly #socket: Duplex;
  readonly #ws: WebSocket;
  readonly #toWs: (bytes: Uint8Array) => void;
  /** A frame's head that has not come whole. */
  #early: Uint8Array = NOTHING;
  /** Bytes of the frame under way that are still to come for `ws`. */
  #passing = 0;
  #landing:
    { readonly place: Landing; readonly mask: Uint8Array; readonly size: number } | undefined;
  #landed = 0;
  /** A message of several frames is under way. */
  #isFragmented = false;
  /** What was read while there is no room; two reads at most, the socket is paused. */
  #held: Uint8Array[] | undefined;
  #isOver = false;

  /** @param socket the one that `ws` has just begun to read */
  constructor(socket: Duplex, ws: WebSocket) {
    this.#socket = socket;
    this.#ws = ws;
    const listeners = socket.listeners('data');
    const [listener] = listeners;
    if (listener === undefined || listeners.length > 1) {
      throw new RangeError(`${listeners.length} listeners read the socket of a WebSocket`);
    }
    this.#toWs = (bytes) => void Reflect.apply(listener, socket, [bytes]);
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Uint8Array) => this.#read(bytes));
    // Before ws hears of it, which would take what is unread for the beginning of a frame.
    socket.prependListener('close', () => {
      socket.read();
      this.#isOver = true;
    });
  }

  #read(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#held !== undefined) {
      this.#held.push(bytes);
      this.#socket.pause(); // ws had resumed it
      return;
    }
    const early = this.#early;
    this.#early = NOTHING;
    this.#scan(early.length === 0 ? bytes : Buffer.concat([early, bytes]));
  }

  /** Goes through what was read; a frame under way goes on at its beginning. */
  #scan(all: Uint8Array): void {
    let start = 0; // of what ws gets in one piece
    let at = 0;
    while (at < all.length) {
      if (this.#passing > 0) {
        at += this.#skip(all.length - at);
      } else if (this.#landing !== undefined) {
        at += this.#receive(all.subarray(at));
        start = at;
      } else {
        const head = readFrameHead(all, at);
        if (head === undefined) break;
        if (this.#isLarge(head)) {
          this.#pass(all.subarray(start, at));
          start = at;
          const place = this.land();
          if (place instanceof Promise) return this.#hold(all.subarray(at), place);
          if (place !== undefined) {
            this.#begin(place, head);
            at += head.headBytes;
            start = at;
            continue;
          }
        }
        if (head.opcode < FIRST_CONTROL) this.#isFragmented = !head.isFinal;
        this.#passing = head.headBytes + head.size;
      }
    }
    if (at < all.length) this.#early = new Uint8Array(all.subarray(at));
    this.#pass(all.subarray(start, at));
  }

  /** How many of `bytes` belong to the frame that is on its way to ws. */
  #skip(bytes: number): number {
    const some = Math.min(this.#passing, bytes);
    this.#passing -= some;
    return some;
  }

  #isLarge(head: FrameHead): boolean {
    const { opcode, isFinal, isExtended, mask, size } = head;
    const isWhole = opcode === BINARY && isFinal && !isExtended && !this.#isFragmented;
    const isFit = mask !== undefined && size > LARGE_BYTES && size <= MAX_MESSAGE_BYTES;
    return isWhole && isFit && this.#ws.readyState === WebSocket.OPEN;
  }

  #begin(place: Landing, { mask = NOTHING, size }: FrameHead): void {
    this.#landing = { place, mask: new Uint8Array(mask), size };
    this.#landed = 0;
  }

  /** Takes what belongs to the message under way; returns how much that was. */
  #receive(bytes: Uint8Array): number {
    const landing = this.#landing;
    if (landing === undefined) return 0;
    const { place, mask, size } = landing;
    const some = Math.min(size - this.#landed, bytes.length);
    place.bytes.set(bytes.subarray(0, some), this.#landed);
    this.#landed += some;
    if (this.#landed < size) return some;
    this.#landing = undefined;
    const message = place.bytes.subarray(0, size);
    unmask(message, mask);
    try {
      this.#ws.emit('message', message, true);
    } finally {
      place.done();
    }
    return some;
  }

  #pass(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#toWs(bytes);
  }

  #hold(rest: Uint8Array, room: Promise<void>): void {
    this.#held = [rest];
    this.#socket.pause();
    void room.then(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const bytes of held) this.#read(bytes);
      if (this.#held === undefined && !this.#ws.isPaused) this.#socket.resume();
    });
  }
}
