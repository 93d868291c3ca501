import { type Clock, type ErrorCode, type Logger, sleep, TallyError } from '@tallystick/kernel';
import type { SiteProgress, Way } from '@tallystick/site';
import type { BackOff } from './back-off.js';
import { FleetSession, type FleetSessionDeps } from './fleet-session.js';
import { abortReason, FrameChannel } from './frame-channel.js';
import { type HandshakeDeps, shakeHands, type Welcome } from './handshake.js';
import { Pulse } from './pulse.js';

/** From the open socket to the welcome. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A session this long was a good one: the next attempt after it is quick. */
const STABLE_MS = 5_000;

const FINAL: ReadonlySet<ErrorCode> = new Set([
  'AUTH_COORDINATOR_KEY',
  'AUTH_NODE_REVOKED',
  'PROTO_REPLACED',
]);

export interface FleetLinkDeps extends FleetSessionDeps {
  readonly way: Way;
  readonly handshake: HandshakeDeps;
  readonly backOff: BackOff;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A session began: its token and node, and the coordinator's address. */
  readonly onWelcome: (welcome: Welcome, url: string) => void;
  /** A connection ended, or could not be made. */
  readonly onLost: (error: TallyError) => void;
}

/**
 * Keeps one session with the federation's coordinators, of which one leads: connects, proves both keys, serves, and
 * connects again with a growing delay whenever it ends, saying why each time; to the next address of the list, since the
 * last one is away or stands by. All of them have the one pinned key.
 */
export class FleetLink {
  readonly #urls: readonly string[];
  readonly #deps: FleetLinkDeps;
  #session: FleetSession | undefined;

  /** @param urls base addresses of the coordinators, http or https; at least one. */
  constructor(urls: readonly string[], deps: FleetLinkDeps) {
    this.#urls = urls;
    this.#deps = deps;
  }

  /**
   * Resolves when `signal` aborts. Rejects with what no reconnecting helps: AUTH_COORDINATOR_KEY (another key than the
   * pinned one), AUTH_NODE_REVOKED and PROTO_REPLACED (this node runs twice).
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, backOff, onLost } = this.#deps;
    for (let turn = 0; !signal.aborted; turn++) {
      const url = this.#urls[turn % this.#urls.length] ?? '';
      const attempt = { url, welcomedAtMs: Number.POSITIVE_INFINITY };
      const ended = await this.#attempt(attempt, signal).catch(asTallyError);
      if (signal.aborted) return;
      onLost(ended);
      if (isFinal(ended)) throw ended;
      if (clock.nowMs() - attempt.welcomedAtMs >= STABLE_MS) backOff.reset();
      const retryInMs = backOff.next();
      const { code, message: reason, hint } = ended;
      logger.warn('link.lost', { url, code, reason, hint, retryInMs });
      await sleep(clock, retryInMs, signal);
    }
  }

  /** Shows how far the work is, when somebody listens. */
  progress(progress: SiteProgress): void {
    this.#session?.progress(progress);
  }

  /** One connection from beginning to end; always rejects. */
  async #attempt(
    attempt: { readonly url: string; welcomedAtMs: number },
    signal: AbortSignal,
  ): Promise<never> {
    const { way, clock, logger, desk, handshake, onWelcome } = this.#deps;
    const channel = await FrameChannel.open(socketUrl(attempt.url), { way, clock }, signal);
    const stop = (): void => channel.close(1000, abortReason(signal));
    signal.addEventListener('abort', stop, { once: true });
    try {
      const welcome = await this.#greet(channel, handshake);
      attempt.welcomedAtMs = clock.nowMs();
      const { heartbeatMs, workHeartbeatMs } = welcome;
      const beats = { heartbeatMs, workHeartbeatMs };
      new Pulse(channel, { clock, beats, isWorking: () => desk.isWorking });
      onWelcome(welcome, attempt.url);
      logger.info('link.welcome', { node: welcome.node, url: attempt.url });
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
      channel.terminate(new TallyError('NET_TIMEOUT', { what: channel.url, timeoutMs }));
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

function socketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/api/v1/fleet`;
}

function isFinal(error: TallyError): boolean {
  return FINAL.has(error.code);
}

function asTallyError(error: unknown): TallyError {
  if (error instanceof TallyError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}
