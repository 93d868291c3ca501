import { type Clock, TallyError, type Timer } from '@tallystick/kernel';
import { type Heartbeats, silenceLimitMs } from '@tallystick/protocol';

/** Between two looks. */
const TICK_MS = 250;
/** A look that comes later than this: the clock jumped, or this thread was busy and could not hear. */
const MAX_LATE_MS = 1_000;
/** After its last work a node goes on as if it had some: the next round usually comes soon. */
const LINGER_MS = 60_000;

/** The part of a channel that shows life. */
export interface LivingChannel {
  readonly url: string;
  /** Calls back at every sign of life. */
  onHeard(callback: () => void): void;
  ping(): void;
  /** Cuts the connection. */
  terminate(reason: TallyError): void;
  onEnd(callback: () => void): void;
}

export interface PulseOptions {
  readonly clock: Clock;
  /** As the coordinator's welcome gave them. */
  readonly beats: Heartbeats;
  readonly isWorking: () => boolean;
}

/**
 * Watches whether the coordinator lives: with work, it is pinged every 2 s at most and given up after two pings without an
 * answer, so that a frozen one costs seconds of a round; without work, its own pings are enough.
 */
export class Pulse {
  readonly #channel: LivingChannel;
  readonly #options: PulseOptions;
  #timer: Timer | undefined;
  #heardAtMs: number;
  #pingedAtMs: number;
  #workedAtMs = Number.NEGATIVE_INFINITY;

  constructor(channel: LivingChannel, options: PulseOptions) {
    this.#channel = channel;
    this.#options = options;
    const nowMs = options.clock.nowMs();
    this.#heardAtMs = nowMs;
    this.#pingedAtMs = nowMs;
    channel.onHeard(() => (this.#heardAtMs = options.clock.nowMs()));
    channel.onEnd(() => this.#timer?.cancel());
    this.#wait();
  }

  #wait(): void {
    const { clock } = this.#options;
    const dueMs = clock.nowMs() + TICK_MS;
    this.#timer = clock.after(TICK_MS, () => {
      this.#wait();
      this.#forgive(clock.nowMs() - dueMs);
      this.#tick(clock.nowMs());
    });
  }

  #forgive(lateMs: number): void {
    if (Math.abs(lateMs) <= MAX_LATE_MS) return;
    this.#heardAtMs += lateMs;
    this.#pingedAtMs += lateMs;
    this.#workedAtMs += lateMs;
  }

  #tick(nowMs: number): void {
    const { beats } = this.#options;
    const wasWorking = nowMs - this.#workedAtMs <= LINGER_MS;
    if (this.#options.isWorking()) this.#workedAtMs = nowMs;
    const isWorking = nowMs - this.#workedAtMs <= LINGER_MS;
    // Until now a ping in half a minute was enough.
    if (isWorking && !wasWorking) this.#heardAtMs = nowMs;
    const intervalMs = isWorking ? beats.workHeartbeatMs : beats.heartbeatMs;
    const timeoutMs = silenceLimitMs(intervalMs);
    if (nowMs - this.#heardAtMs >= timeoutMs) {
      return this.#channel.terminate(
        new TallyError('NET_TIMEOUT', { what: this.#channel.url, timeoutMs }),
      );
    }
    if (!isWorking || nowMs - this.#pingedAtMs < intervalMs) return;
    this.#pingedAtMs = nowMs;
    this.#channel.ping();
  }
}
