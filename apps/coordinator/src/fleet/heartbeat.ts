import type { Clock, NodeId, Timer } from '@tallystick/kernel';
import { type Heartbeats, silenceLimitMs } from '@tallystick/protocol';
import type { WebSocket } from 'ws';

/** Pings per turn of the event loop (kernels-and-transport: batches of 200 keep other work going). */
const BATCH = 200;
/** Between two looks at everybody. */
const TICK_MS = 250;
/** A look that comes later than this: the clock jumped, or this thread was busy and could not hear. */
const MAX_LATE_MS = 1_000;

/** What a node is at: with an offer or an upload open its silence matters within seconds. */
export type NodeWork = 'offer' | 'upload';

/** Whose socket it is. */
export interface Watched {
  readonly node: NodeId;
  readonly work: NodeWork | undefined;
}

/** A node that is not heard any more. */
export interface LostNode {
  readonly node: NodeId;
  readonly silentMs: number;
  readonly work: NodeWork | 'idle';
}

interface Pulse {
  readonly watched: Watched;
  heardAtMs: number;
  pingedAtMs: number;
  isWorking: boolean;
}

/**
 * Pings every node: every 2 s while it has work, every 30 s otherwise. One that is silent for more than two intervals
 * is cut, so that it is known to be gone, and offered again when it comes back.
 */
export class Heartbeat {
  readonly #pulses = new Map<WebSocket, Pulse>();
  readonly #clock: Clock;
  readonly #beats: Heartbeats;
  readonly #lost: (node: LostNode) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, beats: Heartbeats, lost: (node: LostNode) => void) {
    this.#clock = clock;
    this.#beats = beats;
    this.#lost = lost;
  }

  start(): void {
    const dueMs = this.#clock.nowMs() + TICK_MS;
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.start();
      this.#forgive(this.#clock.nowMs() - dueMs);
      this.#tick();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pulses.clear();
  }

  add(socket: WebSocket, watched: Watched): void {
    const nowMs = this.#clock.nowMs();
    const pulse = { watched, heardAtMs: nowMs, pingedAtMs: nowMs, isWorking: false };
    this.#pulses.set(socket, pulse);
    socket.on('pong', () => this.alive(socket));
    socket.on('ping', () => this.alive(socket));
  }

  /** Anything that was heard counts as much as a pong. */
  alive(socket: WebSocket): void {
    const pulse = this.#pulses.get(socket);
    if (pulse !== undefined) pulse.heardAtMs = this.#clock.nowMs();
  }

  /** False when it was cut for its silence. */
  has(socket: WebSocket): boolean {
    return this.#pulses.has(socket);
  }

  remove(socket: WebSocket): void {
    this.#pulses.delete(socket);
  }

  /** Time in which nobody could be heard is not silence. */
  #forgive(lateMs: number): void {
    if (Math.abs(lateMs) <= MAX_LATE_MS) return;
    for (const pulse of this.#pulses.values()) {
      pulse.heardAtMs += lateMs;
      pulse.pingedAtMs += lateMs;
    }
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    const due: WebSocket[] = [];
    for (const [socket, pulse] of this.#pulses) {
      const intervalMs = this.#intervalOf(pulse, socket.isPaused, nowMs);
      const silentMs = nowMs - pulse.heardAtMs;
      if (silentMs >= silenceLimitMs(intervalMs)) this.#cut(socket, pulse.watched, silentMs);
      else if (nowMs - pulse.pingedAtMs >= intervalMs) due.push(socket);
    }
    this.#ping(due);
  }

  #intervalOf(pulse: Pulse, isPaused: boolean, nowMs: number): number {
    const isWorking = pulse.watched.work !== undefined;
    // A socket that is not read cannot show its pongs; and who was idle until now was not asked to show any.
    if (isPaused || (isWorking && !pulse.isWorking)) pulse.heardAtMs = nowMs;
    pulse.isWorking = isWorking;
    return isWorking ? this.#beats.workHeartbeatMs : this.#beats.heartbeatMs;
  }

  #cut(socket: WebSocket, { node, work }: Watched, silentMs: number): void {
    this.#pulses.delete(socket);
    this.#lost({ node, silentMs, work: work ?? 'idle' });
    socket.terminate();
  }

  #ping(sockets: readonly WebSocket[]): void {
    for (const socket of sockets.slice(0, BATCH)) {
      const pulse = this.#pulses.get(socket);
      if (pulse === undefined) continue;
      pulse.pingedAtMs = this.#clock.nowMs();
      socket.ping();
    }
    if (sockets.length > BATCH) setImmediate(() => this.#ping(sockets.slice(BATCH)));
  }
}
