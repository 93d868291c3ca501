import { type ErrorCode, type Hash, type RunId, SerialQueue, TallyError } from '@tallystick/kernel';
import { LockFile, sha256 } from '@tallystick/kernel/node';
import { LineFile } from './line-file.js';
import { formatLine, type LineOf, type LogLine, MAX_LINE_BYTES, parseLine } from './log-line.js';
import { LogMemory, type RoundMemory } from './log-memory.js';
import type { VoidSpan } from '@tallystick/rounds';
import type { RunHistory } from './run-history.js';

const MAX_WAITING = 256;

export interface ReceiptLogOptions {
  /** False: no fsync, for simulations whose log is thrown away. Default true. */
  readonly durable?: boolean;
}

/**
 * Everything this node signed and everything the coordinator signed to it: append-only NDJSON, one writer. A line is
 * on disk when `append` resolves. It refuses a second receipt of one (run, round) and a header that does not continue
 * the chain it holds. The file is also the node's anchor in an audit (`readNodeLog`).
 */
export class ReceiptLog {
  readonly #file: LineFile;
  readonly #memory: LogMemory;
  readonly #release: () => Promise<void>;
  readonly #queue = new SerialQueue('receipt log', MAX_WAITING);

  private constructor(file: LineFile, memory: LogMemory, release: () => Promise<void>) {
    this.#file = file;
    this.#memory = memory;
    this.#release = release;
  }

  /** Rejects with CONFIG_LOCKED (another writer) or STORE_LOG_DAMAGED (naming the line). Cuts off a torn last line. */
  static async open(path: string, options: ReceiptLogOptions = {}): Promise<ReceiptLog> {
    const memory = new LogMemory(sha256);
    const lock = await LockFile.acquire(`${path}.lock`);
    const release = (): Promise<void> => lock.release();
    try {
      const file = await LineFile.open(path, options.durable ?? true, (text, line) => {
        const parsed = parseLine(text);
        if (!parsed.ok) throw damaged(path, line, parsed.reason);
        try {
          memory.stage([parsed.line])();
        } catch (error) {
          throw damaged(path, line, error instanceof Error ? error.message : String(error));
        }
      });
      return new ReceiptLog(file, memory, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  get path(): string {
    return this.#file.path;
  }

  /** Bytes of a torn last line that were dropped at opening. */
  get droppedBytes(): number {
    return this.#file.droppedBytes;
  }

  /** The newest identity line. */
  get identity(): LineOf<'identity'> | undefined {
    return this.#memory.identity;
  }

  /** Every run that the log holds something of. */
  get runs(): readonly RunId[] {
    return this.#memory.runs;
  }

  /** Records of a recent round; undefined when nothing is held or it is too long ago. */
  round(run: RunId, round: number): RoundMemory | undefined {
    return this.#memory.round(run, round);
  }

  history(run: RunId): RunHistory | undefined {
    return this.#memory.run(run)?.history;
  }

  /** Numbers of `run` that do not count, as far as this site was told. */
  voids(run: RunId): readonly VoidSpan[] {
    return this.#memory.run(run)?.voids ?? [];
  }

  /** Spec hash of the tasks of `run`; undefined before the first. */
  spec(run: RunId): Hash | undefined {
    return this.#memory.run(run)?.spec;
  }

  /** Code of the first evidence line about `run`; undefined when there is none. */
  firstFault(run: RunId): ErrorCode | undefined {
    return this.#memory.run(run)?.firstFault;
  }

  /** Newest round of `run` that this node signed a receipt for, −1 when there is none. */
  signedRound(run: RunId): number {
    return this.#memory.run(run)?.signedRound ?? -1;
  }

  /** Newest round of `run` before `round` that is known to have counted this site's update, −1 when none is. */
  includedBefore(run: RunId, round: number): number {
    const newest = this.#memory.run(run)?.includedRound ?? -1;
    if (newest < round) return newest;
    for (let at = round - 1; at >= 0; at--) {
      if (this.#memory.round(run, at)?.inclusion !== undefined) return at;
    }
    return -1;
  }

  /** Durable when it resolves; when it rejects, none of the lines counts. */
  append(...lines: readonly LogLine[]): Promise<void> {
    return this.#queue.run(() => this.#write(lines));
  }

  /** Waits for appends under way, then gives up the lock. */
  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#file.close();
    await this.#release();
  }

  async #write(lines: readonly LogLine[]): Promise<void> {
    const texts = lines.map(formatLine);
    const longest = Math.max(0, ...texts.map((text) => text.length));
    if (longest > MAX_LINE_BYTES) {
      throw new TallyError('PROTO_TOO_LARGE', {
        what: 'a line of the receipt log',
        bytes: longest,
        limit: MAX_LINE_BYTES,
      });
    }
    const commit = this.#memory.stage(lines);
    await this.#file.append(texts.join(''));
    commit();
  }
}

function damaged(path: string, line: number, reason: string): TallyError {
  return new TallyError('STORE_LOG_DAMAGED', { path, line, reason });
}
