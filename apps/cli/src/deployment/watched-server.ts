import { type Logger, TallyError } from '@tallystick/kernel';
import { MAX_RESTARTS_PER_MINUTE, RestartBudget } from './restart-budget.js';

/** A server of the sandbox that runs. */
export interface RunningServer {
  readonly pid: number;
  readonly startedAtMs: number;
  stop(): Promise<void>;
}

export interface WatchedServerOptions<Server extends RunningServer> {
  readonly role: 'postgres' | 'chain';
  /** Starts the server, or adopts it. `before` is what ran until now: a restart takes the same port. */
  readonly start: (before: Server | undefined) => Promise<Server>;
  /** What `processBirth` of the sandbox says of a pid. */
  readonly birthOf: (pid: number) => Promise<string | undefined>;
  readonly logger: Logger;
}

/** A dead server is noticed within this time; one read of /proc costs 0.1 ms. */
const LOOK_MS = 250;

/**
 * PostgreSQL or the chain under the supervisor. They outlive it and may be nobody's child, so their pids are watched;
 * a dead one is started again at the same place.
 */
export class WatchedServer<Server extends RunningServer> {
  /** Settles with the reason when the server is given up. */
  readonly failed: Promise<string>;
  readonly #options: WatchedServerOptions<Server>;
  readonly #budget = new RestartBudget();
  readonly #fail: (reason: string) => void;
  #running: Server;
  #birth: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopping = false;

  private constructor(
    options: WatchedServerOptions<Server>,
    running: Server,
    birth: string | undefined,
  ) {
    let fail: (reason: string) => void = () => undefined;
    this.failed = new Promise((resolve) => (fail = resolve));
    this.#fail = fail;
    this.#options = options;
    this.#running = running;
    this.#birth = birth;
    this.#lookAfter(LOOK_MS);
  }

  static async start<Server extends RunningServer>(
    options: WatchedServerOptions<Server>,
  ): Promise<WatchedServer<Server>> {
    const running = await options.start(undefined);
    return new WatchedServer(options, running, await options.birthOf(running.pid));
  }

  get role(): 'postgres' | 'chain' {
    return this.#options.role;
  }

  /** The newest one. */
  get running(): Server {
    return this.#running;
  }

  /** Ends the server in order and the watch with it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#running.stop();
  }

  #lookAfter(delayMs: number): void {
    if (this.#isStopping) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, delayMs);
  }

  async #look(): Promise<void> {
    const { role, birthOf, logger } = this.#options;
    const { pid } = this.#running;
    const birth = await birthOf(pid);
    if (birth !== undefined && birth === this.#birth) return this.#lookAfter(LOOK_MS);
    logger.warn('server.died', { server: role, serverPid: pid });
    await this.#restart();
  }

  async #restart(): Promise<void> {
    const { role, start, birthOf, logger } = this.#options;
    const delayMs = this.#budget.take(performance.now());
    if (delayMs === undefined) {
      return this.#fail(`${role} ended ${MAX_RESTARTS_PER_MINUTE} times in a minute`);
    }
    try {
      this.#running = await start(this.#running);
      this.#birth = await birthOf(this.#running.pid);
      this.#lookAfter(LOOK_MS);
    } catch (error) {
      logger.warn('server.start_failed', { server: role, reason: reasonOf(error) });
      this.#birth = undefined; // the next look starts it again
      this.#lookAfter(delayMs);
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TallyError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
