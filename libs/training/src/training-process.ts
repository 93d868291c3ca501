import { type ChildProcess, fork } from 'node:child_process';
import { TallyError } from '@tallystick/kernel';
import { type Answer, errorOf, isAnswer, type Question } from './messages.js';

/** Characters of the process's last words that are kept for the error text. */
const TAIL_CHARS = 2000;
/** How long a killed process may take to be gone. */
const KILL_MS = 5000;

export interface TrainingProcessOptions {
  readonly entry: URL;
  /** Limit of the JavaScript heap. */
  readonly maxHeapMb: number;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds of one exchange. */
export interface Patience {
  readonly timeoutMs: number;
  /** Made when the time is over. */
  readonly late: () => TallyError;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One forked training process. It holds one exchange at a time; when that cannot end well (abort, deadline, crash)
 * the process is killed and never used again. Its environment is empty: no secret of the parent's reaches code that
 * has patients' data in memory.
 */
export class TrainingProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #tail = '';
  #waiting: Waiting | undefined;
  #ended: TallyError | undefined;

  constructor({ entry, maxHeapMb }: TrainingProcessOptions) {
    this.#child = fork(entry, [], {
      env: {},
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL_CHARS);
    });
    this.#child.on('message', (message: unknown) => this.#receive(message));
    this.#child.on('error', (error) => this.#end(error.message));
    this.#exited = new Promise((resolve) => {
      // `close` comes after `exit` and the end of stderr, so the last words are complete.
      this.#child.once('close', (code, signal) => {
        const words = this.#tail.trim();
        this.#end(`${signal ?? `exit code ${code}`}${words === '' ? '' : `: ${words}`}`);
        resolve();
      });
    });
  }

  /** False once it ended or was killed. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The first message of a fresh process; rejects with ENGINE_UNAVAILABLE when the engine does not start. */
  async ready(patience: Patience): Promise<void> {
    await this.#exchange(undefined, patience);
  }

  /** Rejects with what the process reports, ENGINE_CRASHED, `patience.late()` or the signal's reason. */
  async ask(question: Question, patience: Patience): Promise<Answer> {
    return this.#exchange(question, patience);
  }

  /** Ends it now. Resolves when it is gone. */
  async kill(error: TallyError): Promise<void> {
    this.#fail(error);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, KILL_MS)));
    await Promise.race([this.#exited, patience]);
    clearTimeout(timer);
  }

  async #exchange(question: Question | undefined, patience: Patience): Promise<Answer> {
    if (this.#ended !== undefined) throw this.#ended;
    const { signal, timeoutMs, late } = patience;
    signal?.throwIfAborted();
    const abort = (): void => this.#fail(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => this.#fail(late()), timeoutMs);
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        if (question === undefined) return;
        this.#child.send(question, (error) => {
          if (error !== null) this.#fail(error);
        });
      });
      if (answer.kind !== 'failed') return answer;
      const error = errorOf(answer.fault);
      // An engine that failed in an unforeseen way (out of memory, say) is not asked again.
      if (error.code === 'ENGINE_CRASHED') this.#fail(error);
      throw error;
    } finally {
      this.#waiting = undefined;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #receive(message: unknown): void {
    if (isAnswer(message)) this.#waiting?.resolve(message);
    else this.#end('a message that is no answer');
  }

  /** It ended by itself, or spoke nonsense. */
  #end(reason: string): void {
    this.#fail(new TallyError('ENGINE_CRASHED', { reason }));
  }

  #fail(error: unknown): void {
    this.#ended ??=
      error instanceof TallyError
        ? error
        : new TallyError('ENGINE_CRASHED', { reason: 'an abort' }, error);
    this.#waiting?.reject(error);
    this.#child.kill('SIGKILL');
  }
}
