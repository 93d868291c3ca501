import { type Clock, type Logger, sleep, TallyError } from '@tallystick/kernel';
import type { SiteProgress } from '@tallystick/site';
import type { BackOff } from './back-off.js';
import { FleetSession, type FleetSessionDeps } from './fleet-session.js';
import { abortReason, FrameChannel } from './frame-channel.js';
import { type HandshakeDeps, shakeHands, type Welcome } from './handshake.js';
import { Pulse } from './pulse.js';

/** From the open socket to the welcome. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A session this long was a good one: the next attempt after it is quick. */
const STABLE_MS = 5_000;

export interface FleetLinkDeps extends FleetSessionDeps {
  readonly handshake: HandshakeDeps;
  readonly backOff: BackOff;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A session began: its token and node. */
  readonly onWelcome: (welcome: Welcome) => void;
}

/**
 * Keeps one session with the coordinator: connects, proves both keys, serves, and connects again with a growing delay
 * whenever it ends, saying why each time.
 */
export class FleetLink {
  readonly #url: string;
  readonly #deps: FleetLinkDeps;
  #session: FleetSession | undefined;

  /** @param url base address of the coordinator, http or https. */
  constructor(url: string, deps: FleetLinkDeps) {
    this.#url = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/api/v1/fleet`;
    this.#deps = deps;
  }

  /**
   * Resolves when `signal` aborts. Rejects with what no reconnecting helps: AUTH_COORDINATOR_KEY (another key than the
   * pinned one) and PROTO_REPLACED (this node runs twice).
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, backOff } = this.#deps;
    while (!signal.aborted) {
      const attempt = { welcomedAtMs: Number.POSITIVE_INFINITY };
      const ended = await this.#attempt(attempt, signal).catch(asTallyError);
      if (signal.aborted) return;
      if (isFinal(ended)) throw ended;
      if (clock.nowMs() - attempt.welcomedAtMs >= STABLE_MS) backOff.reset();
      const retryInMs = backOff.next();
      logger.warn('link.lost', { code: ended.code, reason: ended.message, retryInMs });
      await sleep(clock, retryInMs, signal);
    }
  }

  /** Shows how far the work is, when somebody listens. */
  progress(progress: SiteProgress): void {
    this.#session?.progress(progress);
  }

  /** One connection from beginning to end; always rejects. */
  async #attempt(attempt: { welcomedAtMs: number }, signal: AbortSignal): Promise<never> {
    const { clock, logger, desk, handshake, onWelcome } = this.#deps;
    const channel = await FrameChannel.open(this.#url, clock, signal);
    const stop = (): void => channel.close(1000, abortReason(signal));
    signal.addEventListener('abort', stop, { once: true });
    try {
      const welcome = await this.#greet(channel, handshake);
      attempt.welcomedAtMs = clock.nowMs();
      const { heartbeatMs } = welcome;
      new Pulse(channel, { clock, heartbeatMs, isWorking: () => desk.isWorking });
      onWelcome(welcome);
      logger.info('link.welcome', { node: welcome.node });
      const session = new FleetSession(channel, this.#deps);
      this.#session = session;
      desk.attach(session);
      channel.onEnd(() => {
        desk.detach(session);
        if (this.#session === session) this.#session = undefined;
      });
      return await session.run(signal);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #greet(channel: FrameChannel, handshake: HandshakeDeps): Promise<Welcome> {
    const timeoutMs = HANDSHAKE_TIMEOUT_MS;
    const timer = this.#deps.clock.after(timeoutMs, () => {
      channel.terminate(new TallyError('NET_TIMEOUT', { what: this.#url, timeoutMs }));
    });
    try {
      return await shakeHands(channel, handshake);
    } catch (error) {
      const fault = asTallyError(error);
      channel.close(fault.spec.close ?? 4400, fault);
      throw fault;
    } finally {
      timer.cancel();
    }
  }
}

function isFinal(error: TallyError): boolean {
  return error.code === 'AUTH_COORDINATOR_KEY' || error.code === 'PROTO_REPLACED';
}

function asTallyError(error: unknown): TallyError {
  if (error instanceof TallyError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}
