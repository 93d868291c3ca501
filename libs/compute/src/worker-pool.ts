import { Worker } from 'node:worker_threads';
import { TallyError } from '@tallystick/kernel';
import type { WorkerData } from './spool/spool-tasks.js';
import type { Failure, ReplyMessage, TaskKind, Tasks } from './tasks.js';

/** Built beside `dist/index.js`; the same URL from `src` and from `dist`. */
const WORKER_URL = new URL('../dist/fold-worker.js', import.meta.url);
/** Tasks that may wait for one worker. */
const MAX_PENDING = 256;
/** The slowest task hashes one file of at most 0.5 GiB: seconds. */
const TASK_TIMEOUT_MS = 120_000;

/** How a pool is made; only tests give another script or deadline. */
export interface WorkerPoolOptions {
  /** Threads, 1 to 64. */
  readonly workers: number;
  /** What each thread is started with. */
  readonly data?: WorkerData;
  readonly script?: URL;
  readonly taskTimeoutMs?: number;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly deadline: NodeJS.Timeout;
}

/** One thread and what it owes. A thread that ended is replaced at the next task; what it held is gone. */
class PoolWorker {
  readonly pending = new Map<number, Pending>();
  readonly #script: URL;
  readonly #taskTimeoutMs: number;
  readonly #data: WorkerData | undefined;
  #thread: Worker | undefined;
  #nextId = 0;

  constructor({ data, script = WORKER_URL, taskTimeoutMs = TASK_TIMEOUT_MS }: WorkerPoolOptions) {
    this.#script = script;
    this.#data = data;
    this.#taskTimeoutMs = taskTimeoutMs;
  }

  send(kind: TaskKind, ask: unknown, transfer: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.pending.size >= MAX_PENDING) {
      const what = 'tasks waiting for a compute worker';
      return Promise.reject(new TallyError('INTERNAL_OVERFLOW', { what, limit: MAX_PENDING }));
    }
    const thread = (this.#thread ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        void this.stop(`${kind} took longer than ${this.#taskTimeoutMs} ms`);
      }, this.#taskTimeoutMs);
      this.pending.set(id, { resolve, reject, deadline });
      thread.ref();
      thread.postMessage({ id, kind, ask }, [...transfer]);
    });
  }

  /** Ends the thread; whatever is pending is rejected with `reason` once it no longer runs. */
  async stop(reason: string): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    const lost = this.#takePending();
    await thread.terminate();
    reject(lost, reason);
  }

  #start(): Worker {
    // Threads inherit the parent's --conditions, under which packages resolve to TypeScript sources.
    const thread = new Worker(this.#script, { execArgv: [], workerData: this.#data });
    let reason: string | undefined;
    thread.on('message', (reply: ReplyMessage) => this.#settle(thread, reply));
    thread.on('error', (error) => (reason = error.message));
    thread.on('exit', (code) => {
      if (thread !== this.#thread) return;
      this.#thread = undefined;
      reject(this.#takePending(), reason ?? `exit code ${code}`);
    });
    return thread;
  }

  #settle(thread: Worker, reply: ReplyMessage): void {
    const task = this.pending.get(reply.id);
    if (task === undefined || thread !== this.#thread) return;
    this.pending.delete(reply.id);
    clearTimeout(task.deadline);
    // An idle pool must not keep the process alive.
    if (this.pending.size === 0) thread.unref();
    if (reply.ok) task.resolve(reply.answer);
    else task.reject(asError(reply.failure));
  }

  #takePending(): Pending[] {
    const taken = [...this.pending.values()];
    this.pending.clear();
    for (const task of taken) clearTimeout(task.deadline);
    return taken;
  }
}

function reject(lost: readonly Pending[], reason: string): void {
  for (const task of lost) {
    task.reject(new TallyError('INTERNAL', { reason: `a compute worker ended: ${reason}` }));
  }
}

function asError({ code, meta, message }: Failure): Error {
  return code === undefined
    ? new TallyError('INTERNAL', { reason: message })
    : new TallyError(code, meta);
}

/** A fixed number of warm threads, each answering its tasks in order. */
export class WorkerPool {
  readonly #workers: readonly PoolWorker[];
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    const { workers } = options;
    if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
      throw new RangeError(`workers is ${workers}, it must be 1 to 64`);
    }
    this.#workers = Array.from({ length: workers }, () => new PoolWorker(options));
  }

  get size(): number {
    return this.#workers.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The worker with the least to do. */
  idlest(): number {
    const loads = this.#workers.map((worker) => worker.pending.size);
    return loads.indexOf(Math.min(...loads));
  }

  /** Runs a task on one worker. Buffers in `transfer` move to the worker. */
  async run<K extends TaskKind>(
    worker: number,
    kind: K,
    task: { readonly ask: Tasks[K]['ask']; readonly transfer?: readonly ArrayBuffer[] },
  ): Promise<Tasks[K]['answer']> {
    const chosen = this.#workers[worker];
    if (this.#isClosed) throw new TallyError('INTERNAL', { reason: 'the workers were closed' });
    if (chosen === undefined) throw new RangeError(`there is no worker ${worker}`);
    // The worker answers a task of kind K with Tasks[K]: the one place where that is asserted.
    return (await chosen.send(kind, task.ask, task.transfer ?? [])) as Tasks[K]['answer'];
  }

  /**
   * Runs a task on every worker; `ask` is told the worker's number. Settles when all have: a failure is reported only
   * when no other worker still writes to what they share.
   */
  async everywhere<K extends TaskKind>(
    kind: K,
    ask: (worker: number) => Tasks[K]['ask'],
  ): Promise<Tasks[K]['answer'][]> {
    const running = this.#workers.map((_, worker) => this.run(worker, kind, { ask: ask(worker) }));
    await Promise.allSettled(running);
    return Promise.all(running);
  }

  /** Ends all threads; pending tasks are rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#workers.map((worker) => worker.stop('the pool was closed')));
  }
}
