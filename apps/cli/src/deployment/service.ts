import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Logger, TallyError } from '@tallystick/kernel';
import { childError } from './child-error.js';
import { MAX_RESTARTS_PER_MINUTE, RestartBudget } from './restart-budget.js';

/** A child of the supervisor: a script, its environment, and the line by which it says that it is ready. */
export interface ServiceOptions {
  readonly name: string;
  /** Compiled entry. */
  readonly script: string;
  readonly args: readonly string[];
  /** Variables of the process; a restart gets those that go with the first ready line (the same port). */
  readonly env: (before: ReadyLine | undefined) => Readonly<Record<string, string>>;
  /** `event` of the JSON line on stdout that says it is ready. */
  readonly readyEvent: string;
  readonly logFile: string;
  readonly logger: Logger;
}

/** The ready line. */
export interface ReadyLine {
  readonly pid: number;
  readonly startedAtMs: number;
  /** Where it listens, when it does. */
  readonly url?: string;
  /** Public key of its TLS certificate, when no authority vouches for it. */
  readonly pin?: string;
}

/** How much of a log is searched for a reason. */
const MAX_REASON_BYTES = 64 << 10;
const READY_TIMEOUT_MS = 60_000;
/** A drain has this long before the process is killed. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * A process that is started, restarted at most five times a minute with a growing delay, and stopped in order. It
 * has its own process group, so Ctrl-C reaches only the supervisor, which drains it. Its IPC channel carries nothing: it
 * closes when the supervisor dies, and our processes drain then.
 */
export class Service {
  readonly name: string;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #ready: ReadyLine | undefined;
  #isStopping = false;
  readonly #budget = new RestartBudget();
  /** Settles with the reason when the service is given up. */
  readonly failed: Promise<string>;
  #fail: (reason: string) => void = () => undefined;

  private constructor(options: ServiceOptions) {
    this.name = options.name;
    this.#options = options;
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  /** Resolves when the process is ready. Rejects with what it said before it ended, or NET_TIMEOUT. */
  static async start(options: ServiceOptions): Promise<Service> {
    const service = new Service(options);
    await mkdir(dirname(options.logFile), { recursive: true });
    await service.#spawn();
    return service;
  }

  /** The newest ready line. */
  get ready(): ReadyLine {
    if (this.#ready === undefined) throw new RangeError(`${this.name} was never ready`);
    return this.#ready;
  }

  /** SIGTERM, then SIGKILL after ten seconds. Harmless when called twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  async #spawn(): Promise<void> {
    const { script, args, env, logFile } = this.#options;
    const log = await open(logFile, 'a');
    const { size: since } = await log.stat();
    if (this.#isStopping) return log.close();
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...env(this.#ready) },
      stdio: ['ignore', 'pipe', log.fd, 'ipc'],
      detached: true,
    });
    await log.close();
    this.#child = child;
    child.once('exit', (code, signal) => this.#onExit(code, signal));
    this.#ready = await this.#readyLine(child, since);
  }

  async #readyLine(child: ChildProcess, since: number): Promise<ReadyLine> {
    const { readyEvent, logFile } = this.#options;
    const exited = once(child, 'exit').then(async () => {
      throw childError(this.name, await readSince(logFile, since), logFile);
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new TallyError('NET_TIMEOUT', { what: this.name, timeoutMs: READY_TIMEOUT_MS });
      timer = setTimeout(() => reject(error), READY_TIMEOUT_MS);
    });
    try {
      const line = firstEvent(child.stdout, readyEvent);
      return await Promise.race([line, exited, late]);
    } catch (error) {
      child.kill('SIGKILL'); // its exit starts it again, unless this was the first start
      throw error;
    } finally {
      clearTimeout(timer);
      exited.catch(() => undefined);
    }
  }

  #onExit(code: number | null, signal: string | null): void {
    if (this.#isStopping || this.#ready === undefined) return;
    const how = signal ?? `exit code ${code}`;
    this.#options.logger.warn('service.exited', { service: this.name, how });
    const delayMs = this.#budget.take(performance.now());
    if (delayMs === undefined) {
      this.#fail(`${this.name} ended ${MAX_RESTARTS_PER_MINUTE} times in a minute (${how})`);
      return;
    }
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#spawn().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.logger.warn('service.start_failed', { service: this.name, reason });
      });
    }, delayMs);
  }
}

/** What was written after byte `since`; the log of a child that did not start is short. */
async function readSince(file: string, since: number): Promise<string> {
  const bytes = await readFile(file);
  return bytes.subarray(Math.max(since, bytes.length - MAX_REASON_BYTES)).toString('utf8');
}

/** The first JSON line whose `event` is `event`. Later output is read and dropped, so that the pipe never fills. */
function firstEvent(stdout: Readable | null, event: string): Promise<ReadyLine> {
  return new Promise((resolve) => {
    if (stdout === null) return;
    createInterface({ input: stdout }).on('line', (line) => {
      const ready = readyLineOf(line, event);
      if (ready !== undefined) resolve(ready);
    });
  });
}

function readyLineOf(line: string, event: string): ReadyLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [pid, startedAtMs] = [fields.get('pid'), fields.get('startedAtMs')];
  const [url, pin] = [fields.get('url'), fields.get('pin')];
  if (fields.get('event') !== event || typeof pid !== 'number') return undefined;
  const at = typeof startedAtMs === 'number' ? startedAtMs : 0;
  return {
    pid,
    startedAtMs: at,
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof pin === 'string' ? { pin } : {}),
  };
}
