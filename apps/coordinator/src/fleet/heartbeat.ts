import type { Clock, Timer } from '@tallystick/kernel';
import type { WebSocket } from 'ws';

/** Pings per turn of the event loop (kernels-and-transport: batches of 200 keep other work going). */
const BATCH = 200;
/** Pings that may stay unanswered. */
const MAX_MISSED = 2;

/** Pings every socket; one that is silent for longer than two intervals is cut, so that its node is offered again. */
export class Heartbeat {
  readonly #missed = new Map<WebSocket, number>();
  readonly #clock: Clock;
  readonly #everyMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => this.#beat([...this.#missed.keys()]));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#missed.clear();
  }

  add(socket: WebSocket): void {
    this.#missed.set(socket, 0);
    socket.on('pong', () => this.alive(socket));
  }

  /** Anything that was heard counts as much as a pong. */
  alive(socket: WebSocket): void {
    if (this.#missed.has(socket)) this.#missed.set(socket, 0);
  }

  remove(socket: WebSocket): void {
    this.#missed.delete(socket);
  }

  #beat(sockets: readonly WebSocket[]): void {
    for (const socket of sockets.slice(0, BATCH)) {
      const missed = this.#missed.get(socket);
      if (missed === undefined) continue;
      if (missed >= MAX_MISSED) {
        socket.terminate();
        continue;
      }
      // A socket that is not read cannot show its pongs: it waits for an upload slot, or for the database. The node
      // still hears us, and does not give up on a living coordinator.
      if (!socket.isPaused) this.#missed.set(socket, missed + 1);
      socket.ping();
    }
    const rest = sockets.slice(BATCH);
    if (rest.length > 0) setImmediate(() => this.#beat(rest));
    else if (this.#timer !== undefined) this.start();
  }
}
