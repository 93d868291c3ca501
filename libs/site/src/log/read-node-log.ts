import { open } from 'node:fs/promises';
import {
  fromHex,
  type Hash,
  isTallyError,
  type NodeId,
  type PublicKey,
  type RunId,
  type Signature,
  TallyError,
} from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  type Decline,
  DECLINE,
  decodeSigned,
  type Header,
  HEADER,
  MEMBER,
  type Member,
  type Promise as PromiseRecord,
  PROMISE,
  type Receipt,
  RECEIPT,
  receiptHash,
  type RecordCodec,
  recordHash,
  type Task,
  TASK,
  verifyRecord,
} from '@tallystick/record';
import { readLines } from './line-file.js';
import { type LineOf, type LogLine, parseLine } from './log-line.js';
import { LogMemory } from './log-memory.js';

/** A record of a node's log: the line it stands on, its wire form and its identity. */
export interface LoggedRecord<T> {
  readonly line: number;
  readonly run: RunId;
  readonly round: number;
  readonly wire: string;
  readonly value: T;
  readonly signature: Signature;
  /** Receipt hash for a receipt (it covers the signature), record hash for everything else. */
  readonly hash: Hash;
}

export interface LoggedTask extends LoggedRecord<Task> {
  readonly cohort: readonly Member[];
}

/** Everything one node's own log proves: an auditor's anchor. In file order; later keys replace earlier ones. */
export interface NodeLog {
  readonly genesis: Hash;
  readonly node: NodeId;
  readonly keyEpoch: number;
  readonly key: PublicKey;
  readonly coordinatorKey: PublicKey;
  readonly identities: readonly LineOf<'identity'>[];
  readonly tasks: readonly LoggedTask[];
  readonly receipts: readonly LoggedRecord<Receipt>[];
  readonly declines: readonly LoggedRecord<Decline>[];
  readonly promises: readonly LoggedRecord<PromiseRecord>[];
  readonly headers: readonly LoggedRecord<Header>[];
  readonly inclusions: readonly LineOf<'inclusion'>[];
  readonly evidence: readonly LineOf<'evidence'>[];
  /** What the node was told of voided rounds; the last line of a run says it all. */
  readonly voids: readonly LineOf<'voids'>[];
}

const MAX_LOG_BYTES = 256 * 1024 * 1024;

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/**
 * Reads a receipt log as an anchor. Nothing malformed is forgiven: STORE_LOG_DAMAGED names the first line that is not
 * complete, does not parse, is not signed by the key that the log gives for it, speaks of another chain or node, or
 * breaks the header chain. Files over 256 MiB: PROTO_TOO_LARGE.
 */
export async function readNodeLog(path: string): Promise<NodeLog> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, cause);
  });
  try {
    const { size } = await handle.stat();
    if (size > MAX_LOG_BYTES) {
      throw new TallyError('PROTO_TOO_LARGE', { what: path, bytes: size, limit: MAX_LOG_BYTES });
    }
    const reader = new LogReader();
    let count = 0;
    const { completeBytes, totalBytes } = await readLines(handle, path, (text, line) => {
      count = line;
      blame(path, line, () => reader.take(text, line));
    });
    if (completeBytes !== totalBytes)
      throw damaged(path, count + 1, 'it does not end in a line feed');
    return reader.finish(path);
  } finally {
    await handle.close();
  }
}

function blame(path: string, line: number, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (isTallyError(error, 'STORE_LOG_DAMAGED')) throw error;
    throw damaged(path, line, error instanceof Error ? error.message : String(error));
  }
}

function damaged(path: string, line: number, reason: string): TallyError {
  return new TallyError('STORE_LOG_DAMAGED', { path, line, reason });
}

interface Fields {
  readonly chain: Hash;
  readonly run: RunId;
  readonly round: number;
  readonly node?: NodeId;
}

/** Takes lines in order; throws on the first that does not fit. */
class LogReader {
  readonly #memory = new LogMemory(sha256);
  readonly #identities: LineOf<'identity'>[] = [];
  readonly #log: Mutable<
    Omit<NodeLog, 'genesis' | 'node' | 'keyEpoch' | 'key' | 'coordinatorKey'>
  > = {
    identities: this.#identities,
    tasks: [],
    receipts: [],
    declines: [],
    promises: [],
    headers: [],
    inclusions: [],
    evidence: [],
    voids: [],
  };

  take(text: string, number: number): void {
    const parsed = parseLine(text);
    if (!parsed.ok) throw new RangeError(parsed.reason);
    const { line } = parsed;
    if (line.type === 'identity') this.#identities.push(line);
    else this.#read(line, number);
    this.#memory.stage([line])();
  }

  finish(path: string): NodeLog {
    const identity = this.#identities.at(-1);
    if (identity === undefined) throw damaged(path, 1, 'it holds no identity');
    const { chain, node, keyEpoch, key, coordinatorKey } = identity;
    return { genesis: chain, node, keyEpoch, key, coordinatorKey, ...this.#log };
  }

  #read(line: Exclude<LogLine, { type: 'identity' }>, number: number): void {
    const identity = this.#identities.at(-1);
    if (identity === undefined) throw new RangeError('the first line must be an identity');
    const { key, coordinatorKey } = identity;
    switch (line.type) {
      case 'task': {
        const cohort = line.cohort.map((hex) => MEMBER.decode(fromHex(hex)));
        this.#log.tasks.push({ ...this.#record(TASK, line, number, coordinatorKey), cohort });
        return;
      }
      case 'receipt': {
        const record = this.#record(RECEIPT, line, number, key);
        if (record.value.update !== line.update) throw new RangeError("update is not the record's");
        const hash = receiptHash(sha256, record.value, record.signature);
        this.#log.receipts.push({ ...record, hash });
        return;
      }
      case 'decline':
        this.#log.declines.push(this.#record(DECLINE, line, number, key));
        return;
      case 'promise':
        this.#log.promises.push(this.#record(PROMISE, line, number, coordinatorKey));
        return;
      case 'header':
        this.#log.headers.push(this.#record(HEADER, line, number, coordinatorKey));
        return;
      case 'inclusion':
        this.#log.inclusions.push(line);
        return;
      case 'evidence':
        this.#log.evidence.push(line);
        return;
      case 'voids':
        this.#readVoids(line, number, coordinatorKey);
        return;
    }
  }

  #readVoids(line: LineOf<'voids'>, number: number, coordinatorKey: PublicKey): void {
    const { run, head: wire } = line;
    if (wire !== undefined) {
      const { round } = decodeSigned(HEADER, wire).value;
      this.#record(HEADER, { run, round, wire }, number, coordinatorKey);
    }
    this.#log.voids.push(line);
  }

  #record<T extends Fields>(
    codec: RecordCodec<T>,
    line: { readonly run: RunId; readonly round: number; readonly wire: string },
    number: number,
    key: PublicKey,
  ): LoggedRecord<T> {
    const { value, signature } = decodeSigned(codec, line.wire);
    const identity = this.#identities.at(-1);
    const isOurs =
      value.chain === identity?.chain &&
      value.run === line.run &&
      value.round === line.round &&
      (value.node === undefined || value.node === identity.node);
    if (!isOurs) throw new RangeError(`the ${codec.name} is of another chain, run, round or node`);
    if (!verifyRecord(ed25519, codec, value, key, signature)) {
      throw new RangeError(`the ${codec.name} is not signed by ${key}`);
    }
    const { run, round, wire } = line;
    const hash = recordHash(sha256, codec, value);
    return { line: number, run, round, wire, value, signature, hash };
  }
}
