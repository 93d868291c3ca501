import {
  type ErrorCode,
  fromHex,
  type Hash,
  type PublicKey,
  type RunId,
  type Sha256,
  TallyError,
} from '@tallystick/kernel';
import { decodeSigned, HEADER, MEMBER, type Member, recordHash, TASK } from '@tallystick/record';
import type { LineOf, LogLine } from './log-line.js';
import { lastCounting, type VoidSpan } from '@tallystick/rounds';
import {
  covers,
  extendHistory,
  historyOfFirstTask,
  type RunHistory,
  withoutVoids,
} from './run-history.js';

/** What the log holds of one round. */
export interface RoundMemory {
  readonly task?: { readonly wire: string; readonly hash: Hash; readonly member?: Member };
  readonly receipt?: LineOf<'receipt'>;
  /** The node key that signed the receipt; rounds after a rotation have another. */
  readonly key?: PublicKey;
  readonly decline?: LineOf<'decline'>;
  readonly promise?: LineOf<'promise'>;
  readonly header?: { readonly wire: string; readonly hash: Hash };
  readonly inclusion?: LineOf<'inclusion'>;
  readonly evidence: readonly LineOf<'evidence'>[];
}

interface RunMemory {
  readonly history?: RunHistory | undefined;
  /** Numbers that do not count, as far as this site was told. */
  readonly voids: readonly VoidSpan[];
  /** Of the first task. */
  readonly spec?: Hash;
  /** Newest round with a receipt; −1 before the first. Never forgotten: it alone forbids signing twice. */
  readonly signedRound: number;
  /** Newest round that is known to have counted this site's update; −1 before the first. */
  readonly includedRound: number;
  /** Of the first evidence line. */
  readonly firstFault?: ErrorCode;
}

/** A site takes part in far fewer runs; each costs about 2 KB. */
const MAX_RUNS = 16_384;
/** Rounds whose records are kept in memory; each costs about 4 KB, and older ones only their watermark. */
const MAX_ROUNDS = 1_024;

const NO_ROUND: RoundMemory = { evidence: [] };
const NO_RUN: RunMemory = { voids: [], signedRound: -1, includedRound: -1 };

/** Lines that were checked one after another but are not yet in the memory. */
class Draft {
  identity: LineOf<'identity'> | undefined;
  readonly rounds: Map<string, RoundMemory> = new Map();
  readonly runs: Map<RunId, RunMemory> = new Map();
  readonly #base: LogMemory;
  readonly #sha256: Sha256;

  constructor(base: LogMemory, sha256: Sha256) {
    this.#base = base;
    this.#sha256 = sha256;
    this.identity = base.identity;
  }

  /** Throws RangeError or ROUND_ALREADY_SIGNED when `line` may not follow. */
  take(line: LogLine): void {
    if (line.type === 'identity') return this.#takeIdentity(line);
    if (this.identity === undefined) throw new RangeError('the first line must be an identity');
    if (line.type === 'voids') return this.#takeVoids(line);
    const key = `${line.run}/${line.round}`;
    const before = this.rounds.get(key) ?? this.#base.round(line.run, line.round) ?? NO_ROUND;
    const run = this.runs.get(line.run) ?? this.#base.run(line.run) ?? NO_RUN;
    const [after, runAfter] = this.#step(before, run, line);
    this.rounds.set(key, after);
    this.runs.set(line.run, runAfter);
  }

  #step(
    before: RoundMemory,
    run: RunMemory,
    line: Exclude<LogLine, { type: 'identity' | 'voids' }>,
  ): readonly [RoundMemory, RunMemory] {
    switch (line.type) {
      case 'task':
        return [this.#withTask(before, line), runOfTask(run, line)];
      case 'receipt':
        this.#refuseSecondReceipt(run, line);
        return [
          { ...before, receipt: line, ...(this.identity && { key: this.identity.key }) },
          { ...run, signedRound: line.round },
        ];
      case 'header':
        return this.#withHeader(before, run, line);
      case 'decline':
        return [{ ...before, decline: line }, run];
      case 'promise':
        return [{ ...before, promise: line }, run];
      case 'inclusion':
        return [
          { ...before, inclusion: line },
          { ...run, includedRound: Math.max(run.includedRound, line.round) },
        ];
      case 'evidence':
        return [
          { ...before, evidence: [...before.evidence, line] },
          { ...run, firstFault: run.firstFault ?? line.code },
        ];
    }
  }

  #takeIdentity(line: LineOf<'identity'>): void {
    const old = this.identity;
    if (old !== undefined && (old.chain !== line.chain || old.node !== line.node)) {
      throw new RangeError(`a log of node ${old.node} cannot go on as node ${line.node}`);
    }
    this.identity = line;
  }

  #takeVoids({ run: id, spans: voids, head: wire }: LineOf<'voids'>): void {
    const run = this.runs.get(id) ?? this.#base.run(id) ?? NO_RUN;
    if (!areApart(voids)) throw new RangeError('the spans do not ascend');
    if (!covers(voids, run.voids)) throw new RangeError('a void is taken back');
    const head = wire === undefined ? undefined : decodeSigned(HEADER, wire).value;
    const history = withoutVoids(this.#sha256, { history: run.history, voids }, head);
    if (typeof history === 'string') throw new RangeError(history);
    const held = head && this.#round(id, head.round)?.header?.hash;
    if (held !== undefined && held !== history?.head?.hash) {
      throw new RangeError('the history goes back to another header than was held');
    }
    const includedRound = this.#includedUpTo(id, lastCounting(voids, run.includedRound));
    this.runs.set(id, { ...run, history, voids, includedRound });
  }

  #round(run: RunId, round: number): RoundMemory | undefined {
    return this.rounds.get(`${run}/${round}`) ?? this.#base.round(run, round);
  }

  /** The newest round up to `last` that is remembered to have counted this site's update. */
  #includedUpTo(run: RunId, last: number | undefined): number {
    let round = last ?? -1;
    const oldest = round - MAX_ROUNDS;
    while (round > oldest && round >= 0 && this.#round(run, round)?.inclusion === undefined)
      round--;
    return round > oldest ? round : -1;
  }

  #withTask(before: RoundMemory, line: LineOf<'task'>): RoundMemory {
    if (before.task !== undefined) throw new RangeError('a round has one task');
    const hash = recordHash(this.#sha256, TASK, decodeSigned(TASK, line.wire).value);
    const member = line.cohort
      .map((hex) => MEMBER.decode(fromHex(hex)))
      .find(({ node }) => node === this.identity?.node);
    return { ...before, task: { wire: line.wire, hash, ...(member && { member }) } };
  }

  #withHeader(
    before: RoundMemory,
    run: RunMemory,
    line: LineOf<'header'>,
  ): readonly [RoundMemory, RunMemory] {
    const { value } = decodeSigned(HEADER, line.wire);
    const history = extendHistory(this.#sha256, { history: run.history, voids: run.voids }, value);
    if (typeof history === 'string') throw new RangeError(history);
    const hash = recordHash(this.#sha256, HEADER, value);
    return [
      { ...before, header: { wire: line.wire, hash } },
      { ...run, history },
    ];
  }

  #refuseSecondReceipt(run: RunMemory, line: LineOf<'receipt'>): void {
    if (line.round > run.signedRound) return;
    const node = this.identity?.node ?? 0;
    throw new TallyError('ROUND_ALREADY_SIGNED', { node, run: line.run, round: line.round });
  }
}

/** Each span begins behind the one before. */
function areApart(spans: readonly VoidSpan[]): boolean {
  return spans.every(({ from, until }, i) => from < until && from > (spans[i - 1]?.until ?? -1));
}

function runOfTask(run: RunMemory, line: LineOf<'task'>): RunMemory {
  const { value } = decodeSigned(TASK, line.wire);
  return { ...run, spec: value.spec, history: run.history ?? historyOfFirstTask(value) };
}

/** The index over a receipt log: bounded whatever the file's length. Lines go in in file order. */
export class LogMemory {
  readonly #sha256: Sha256;
  readonly #runs = new Map<RunId, RunMemory>();
  readonly #rounds = new Map<string, RoundMemory>();
  #identity: LineOf<'identity'> | undefined;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get identity(): LineOf<'identity'> | undefined {
    return this.#identity;
  }

  round(run: RunId, round: number): RoundMemory | undefined {
    return this.#rounds.get(`${run}/${round}`);
  }

  /** Every run that the log holds something of. */
  get runs(): readonly RunId[] {
    return [...this.#runs.keys()];
  }

  run(run: RunId): RunMemory | undefined {
    return this.#runs.get(run);
  }

  /**
   * Checks that `lines` may follow and returns the step that makes them known. Throws RangeError,
   * ROUND_ALREADY_SIGNED or INTERNAL_OVERFLOW. Until the step is taken nothing has changed.
   */
  stage(lines: readonly LogLine[]): () => void {
    const draft = new Draft(this, this.#sha256);
    for (const line of lines) draft.take(line);
    const added = [...draft.runs.keys()].filter((run) => !this.#runs.has(run)).length;
    if (this.#runs.size + added > MAX_RUNS) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'runs of one site', limit: MAX_RUNS });
    }
    return () => this.#commit(draft);
  }

  #commit(draft: Draft): void {
    this.#identity = draft.identity;
    for (const [run, memory] of draft.runs) this.#runs.set(run, memory);
    for (const [key, memory] of draft.rounds) {
      this.#rounds.delete(key); // the map's order is the order of use
      this.#rounds.set(key, memory);
    }
    for (const oldest of this.#rounds.keys()) {
      if (this.#rounds.size <= MAX_ROUNDS) return;
      this.#rounds.delete(oldest);
    }
  }
}
