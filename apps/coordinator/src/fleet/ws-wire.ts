import type { WebSocket } from 'ws';
import type { Wire } from './wire.js';

/** Unsent bytes of one peer: eight of the largest offers. Beyond it the peer has stopped reading. */
const MAX_BUFFERED_BYTES = 8 * 2 ** 20;
/** How long a peer may take to answer a close. */
const CLOSE_MS = 500;

/** Wire over a `ws` socket. */
export class WsWire implements Wire {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount + bytes.length > MAX_BUFFERED_BYTES) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(bytes);
  }

  close(code: number, reason: string): void {
    // A paused socket would never read the peer's answer to the close.
    if (this.#socket.isPaused) this.#socket.resume();
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
