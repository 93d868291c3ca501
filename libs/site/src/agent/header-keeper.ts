import { type Ed25519, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import type { LineOf } from '../log/log-line.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import { extendHistory, type RunHistory } from '../log/run-history.js';
import { ContradictionError } from './contradiction.js';
import { openSigned, type Pinned } from './open-records.js';
import type { RunSource } from './run-source.js';

interface OpenHeader {
  readonly value: Header;
  readonly wire: string;
}

export interface HeaderKeeperDeps {
  readonly log: ReceiptLog;
  readonly source: RunSource;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
}

/** Keeps the chain of signed headers of every run in the log, and catches a coordinator that signed two. */
export class HeaderKeeper {
  readonly #pinned: Pinned;
  readonly #deps: HeaderKeeperDeps;

  constructor(pinned: Pinned, deps: HeaderKeeperDeps) {
    this.#pinned = pinned;
    this.#deps = deps;
  }

  /** Reads a signed header of `run`; throws as `openSigned`. */
  open(run: RunId, wire: string): Header {
    const { value } = openSigned(this.#deps.ed25519, this.#pinned, HEADER, wire);
    if (value.run === run) return value;
    const reason = `a header of run ${value.run} came for run ${run}`;
    throw new TallyError('PROTO_MALFORMED', { reason });
  }

  /**
   * Takes in the headers before round `until`: `given` ones, and from the source those between. Resolves with what is
   * held then, which may end earlier when nobody has more. Throws ContradictionError (ROUND_HEADER_DIFFERS).
   */
  async catchUp(
    run: RunId,
    until: number,
    given: readonly string[],
    signal: AbortSignal,
  ): Promise<RunHistory | undefined> {
    const opened = given.map((wire) => ({ value: this.open(run, wire), wire }));
    for (const header of opened) this.#compare(header);
    for (;;) {
      const next = this.#nextRound(run);
      if (next >= until) break;
      const usable = opened.filter(({ value }) => value.round >= next && value.round < until);
      const isGiven = usable[0]?.value.round === next;
      const batch = isGiven ? usable : await this.#fetch(run, { from: next, until }, signal);
      if (batch.length === 0) break;
      await this.#take(run, batch);
    }
    return this.#deps.log.history(run);
  }

  /** The log line of a header that continues the chain. Throws ContradictionError when it does not. */
  lineOf(header: OpenHeader): LineOf<'header'> {
    const { run, round } = header.value;
    this.#extend(this.#deps.log.history(run), header);
    return { type: 'header', run, round, wire: header.wire };
  }

  /** Throws ContradictionError when another header of this round is held; false when none is (any more). */
  isHeld(header: OpenHeader): boolean {
    return this.#compare(header);
  }

  #nextRound(run: RunId): number {
    const head = this.#deps.log.history(run)?.head;
    return head === undefined ? 0 : head.header.round + 1;
  }

  #compare(header: OpenHeader): boolean {
    const { run, round } = header.value;
    const held = this.#deps.log.round(run, round)?.header;
    if (held === undefined) return false;
    if (held.hash === recordHash(this.#deps.sha256, HEADER, header.value)) return true;
    const reason = 'two signed headers of one round';
    const records = { header: held.wire, otherHeader: header.wire };
    const at = { code: 'ROUND_HEADER_DIFFERS' as const, kind: 'equivocation' as const, run, round };
    throw new ContradictionError({ ...at, reason, records });
  }

  async #fetch(
    run: RunId,
    range: { readonly from: number; readonly until: number },
    signal: AbortSignal,
  ): Promise<readonly OpenHeader[]> {
    const page = await this.#deps.source.headers(run, range.from, signal);
    const opened = page.map((wire) => ({ value: this.open(run, wire), wire }));
    if (opened.length > 0 && opened[0]?.value.round !== range.from) {
      const reason = `headers from round ${range.from} were asked for, they start at another`;
      throw new TallyError('PROTO_MALFORMED', { reason });
    }
    return opened.filter(({ value }) => value.round < range.until);
  }

  async #take(run: RunId, batch: readonly OpenHeader[]): Promise<void> {
    let history = this.#deps.log.history(run);
    const lines: LineOf<'header'>[] = [];
    for (const header of batch) {
      history = this.#extend(history, header);
      lines.push({ type: 'header', run, round: header.value.round, wire: header.wire });
    }
    await this.#deps.log.append(...lines);
  }

  #extend(history: RunHistory | undefined, header: OpenHeader): RunHistory {
    const extended = extendHistory(this.#deps.sha256, history, header.value);
    if (typeof extended !== 'string') return extended;
    const { run, round } = header.value;
    const head = history?.head?.header.round;
    const held = head === undefined ? undefined : this.#deps.log.round(run, head)?.header?.wire;
    throw new ContradictionError({
      code: 'ROUND_HEADER_DIFFERS',
      kind: 'history',
      run,
      round,
      reason: extended,
      records:
        held === undefined ? { header: header.wire } : { header: held, otherHeader: header.wire },
    });
  }
}
