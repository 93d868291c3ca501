import { appendFile, readFile, stat } from 'node:fs/promises';
import { type Clock, type Logger, SerialQueue } from '@tallystick/kernel';
import { durableWrite, hasErrno } from '@tallystick/kernel/node';
import { SiteTask } from '@tallystick/protocol';
import { nextTask } from './next-task.js';
import type { TaskChange } from './task-change.js';

/** Tasks that a site remembers; older ones are in its receipt log alone. Each is about 1.5 KB. */
const MAX_TASKS = 512;
/** Lines after which the file is written anew: a task has about eight changes. */
const MAX_LINES = 8_192;
/** A longer file was not written by us. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_WAITING = 256;

/**
 * The newest tasks of a site, for the people there: what was asked, what was sent, why it was not (`tasks.log`, a line
 * per change, the last line about a task counts). It proves nothing (that does the receipt log), so it is not synced, a
 * damaged line is left out, and a disk that is full stops no training.
 */
export class TaskJournal {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Oldest first. */
  readonly #tasks = new Map<string, SiteTask>();
  readonly #queue = new SerialQueue('task journal', MAX_WAITING);
  #lines = 0;

  private constructor(path: string, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#path = path;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Never rejects: what cannot be read is forgotten, and said in the log. */
  static async open(
    path: string,
    deps: { readonly clock: Clock; readonly logger: Logger },
  ): Promise<TaskJournal> {
    const journal = new TaskJournal(path, deps);
    try {
      if ((await stat(path)).size > MAX_BYTES) throw new RangeError(`more than ${MAX_BYTES} bytes`);
      const text = await readFile(path, 'utf8');
      for (const line of text.split('\n')) journal.#recall(line);
      if (!text.endsWith('\n')) journal.#lines = MAX_LINES; // a torn line: the next write leaves it out
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return journal;
      journal.#lines = MAX_LINES;
      deps.logger.warn('tasks.unreadable', { path });
    }
    return journal;
  }

  /** Newest first. */
  get tasks(): readonly SiteTask[] {
    return [...this.#tasks.values()].reverse();
  }

  /** Remembers it now, writes it soon. */
  take(change: TaskChange): void {
    const key = `${change.run}/${change.round}`;
    const before = this.#tasks.get(key);
    const after = nextTask(before, change, this.#clock.nowMs());
    if (after === undefined || after === before) return;
    this.#keep(key, after);
    this.#queue.run(() => this.#write(after)).catch(() => this.#logger.warn('tasks.full', {}));
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#queue.idle();
  }

  #recall(text: string): void {
    if (text === '') return;
    this.#lines++;
    const parsed = SiteTask.safeParse(jsonOf(text));
    if (parsed.success) this.#keep(`${parsed.data.run}/${parsed.data.round}`, parsed.data);
    else this.#logger.warn('tasks.line_damaged', { line: this.#lines });
  }

  #keep(key: string, task: SiteTask): void {
    this.#tasks.set(key, task);
    for (const oldest of this.#tasks.keys()) {
      if (this.#tasks.size <= MAX_TASKS) return;
      this.#tasks.delete(oldest);
    }
  }

  /** Never rejects. */
  async #write(task: SiteTask): Promise<void> {
    try {
      if (this.#lines >= MAX_LINES) {
        const lines = [...this.#tasks.values()].map((one) => `${JSON.stringify(one)}\n`);
        await durableWrite(this.#path, lines.join(''), 0o600);
        this.#lines = lines.length;
      } else {
        await appendFile(this.#path, `${JSON.stringify(task)}\n`, { mode: 0o600 });
        this.#lines++;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn('tasks.not_written', { path: this.#path, reason });
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
