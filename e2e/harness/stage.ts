import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allPids, commandOf, environmentOf, folderOf, isAlive } from './proc.js';
import { until } from './until.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** In the environment of everything that a stage starts, so that nothing outlives it. */
const MARK = 'E2E_STAGE';
/** The slowest command starts a database, a chain and a coordinator. */
const MAX_COMMAND_MS = 60_000;
const MAX_LOG_CHARS = 6_000;

export interface SpawnOptions {
  /** Shown before its log. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The Node that runs it; else the one of this test. */
  readonly node?: string;
}

/** What a process left. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Value of the last line of stdout. */
  json<T>(): T;
}

/** A process with everything it says. */
export class Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    child.stdout?.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.ended = once(child, 'close').then(([code, signal]) => {
      const { stdout, stderr } = this;
      return { code, signal, stdout, stderr, json: () => lastJson(stdout, stderr) };
    });
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`${this.name} did not start`);
    return pid;
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first JSON line of stdout with this `event`; fails with its log when the process ends before. */
  event<T>(event: string, timeoutMs = 60_000): Promise<T> {
    return until(
      `${this.name} says ${event}`,
      () => {
        const line = this.stdout.split('\n').find((text) => text.includes(`"event":"${event}"`));
        if (line !== undefined) return JSON.parse(line) as T;
        if (this.isOver) throw new Error(`it ended: ${this.stdout}\n${this.stderr}`);
        return undefined;
      },
      timeoutMs,
    );
  }
}

function lastJson<T>(stdout: string, stderr: string): T {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new Error(`the last line is no JSON: ${line}\n${stderr}`);
  }
}

/**
 * A temporary folder and all processes of a test. `close` leaves nothing behind, whatever happened; when a test fails, the
 * logs of its processes are printed.
 */
export class Stage {
  readonly folder: string;
  readonly #running: Running[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-e2e-'));
    await chmod(folder, 0o711); // PostgreSQL does not run as root and has to pass through
    return new Stage(folder);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Starts a script of the repository. */
  start(script: string, args: readonly string[], options: SpawnOptions = {}): Running {
    return this.#spawn(options.node ?? process.execPath, [join(ROOT, script), ...args], {
      name: args.slice(0, 2).join(' '),
      ...options,
    });
  }

  /** Starts a script of bash. */
  startShell(script: string, options: SpawnOptions & { readonly name: string }): Running {
    return this.#spawn('bash', [script], options);
  }

  #spawn(
    program: string,
    args: readonly string[],
    options: SpawnOptions & { readonly name: string },
  ): Running {
    const child = spawn(program, args, {
      cwd: options.cwd ?? this.folder,
      env: {
        PATH: process.env['PATH'],
        TMPDIR: this.folder,
        NODE_ENV: 'test',
        [MARK]: this.folder,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new Running(options.name, child);
    this.#running.push(running);
    return running;
  }

  /** Starts `tally`. */
  tally(args: readonly string[], options: SpawnOptions = {}): Running {
    const name = `tally ${args.slice(0, 2).join(' ')}`;
    return this.start('apps/cli/dist/main.js', args, { name, ...options });
  }

  /** Runs `tally … --json` to its end; a command that hangs is killed, and has no code then. */
  async run(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
    const running = this.tally([...args, '--json'], options);
    const timer = setTimeout(() => running.child.kill('SIGKILL'), MAX_COMMAND_MS);
    return running.ended.finally(() => clearTimeout(timer));
  }

  /** Kills whatever was started here, with all that came of it, and removes the folder. */
  async close(): Promise<void> {
    const homes = [this.folder, ...(await this.#relocated())];
    await until('everything is dead', () => {
      const left = this.#members(homes);
      for (const pid of left) kill(pid);
      return left.length === 0 ? true : undefined;
    });
    for (const home of homes) await rm(home, { recursive: true, force: true });
  }

  /** Waits until no process of this stage is left, whoever started it; a drained server may still be writing. */
  async untilEmpty(): Promise<void> {
    await until('every process is gone', () => {
      const left = this.#members([this.folder]).map(commandOf);
      if (left.length > 0) throw new Error(left.join(', '));
      return true;
    });
  }

  #members(homes: readonly string[]): number[] {
    return allPids().filter((pid) => {
      if (pid === process.pid || !isAlive(pid)) return false;
      if (environmentOf(pid).includes(`${MARK}=${this.folder}\0`)) return true;
      const texts = [commandOf(pid), folderOf(pid)];
      return homes.some((home) => texts.some((text) => text.includes(home)));
    });
  }

  /** Where PostgreSQL went when it could not live in the folder. */
  async #relocated(): Promise<string[]> {
    const files = await this.#files();
    const notes = files.filter((file) => file.endsWith('postgres/location'));
    return Promise.all(notes.map((note) => readFile(this.path(note), 'utf8')));
  }

  /** Everything in the folder, from it; links are not followed. */
  async #files(): Promise<string[]> {
    const options = { recursive: true, withFileTypes: true } as const;
    const entries = await readdir(this.folder, options).catch(() => []);
    return entries.map(({ parentPath, name }) => relative(this.folder, join(parentPath, name)));
  }

  /** What every process said last, and the newest lines of every log file. */
  async logs(): Promise<string> {
    const said = this.#running.map(({ name, stdout, stderr }) => section(name, stdout + stderr));
    const files = await this.#files();
    const logs = files.filter((file) => /\.log$|chain\.out$/.test(file));
    const written = logs
      .filter((file) => !/(receipts|blocks)\.log$/.test(file))
      .map(async (file) =>
        section(file, await readFile(this.path(file), 'utf8').catch(() => '(gone)')),
      );
    return [...said, ...(await Promise.all(written))].join('\n');
  }
}

function section(title: string, text: string): string {
  return `\n===== ${title} =====\n${text.slice(-MAX_LOG_CHARS)}`;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was quicker
  }
}
