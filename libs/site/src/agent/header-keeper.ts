import { type Ed25519, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import { nextCounting } from '@tallystick/rounds';
import type { LineOf } from '../log/log-line.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import { extendHistory, type RunHistory } from '../log/run-history.js';
import { ContradictionError } from './contradiction.js';
import { openSigned, type Pinned } from './open-records.js';
import type { RunSource } from './run-source.js';
import type { VoidDesk } from './void-desk.js';

interface OpenHeader {
  readonly value: Header;
  readonly wire: string;
}

export interface HeaderKeeperDeps {
  readonly log: ReceiptLog;
  readonly source: RunSource;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly voids: VoidDesk;
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
   * Takes in the headers before round `until`: `given` ones, and from the source those between; where a number has none,
   * the voids of the run. Resolves with what is held then, which may end earlier when nobody has more. Throws
   * ContradictionError (ROUND_HEADER_DIFFERS), ROUND_VOID_UNCONFIRMED.
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
      if (batch[0]?.value.round !== next) {
        if (await this.#deps.voids.learn(run, signal)) continue;
        if (batch.length === 0) break;
        const reason = `headers from round ${next} were asked for, they start at another`;
        throw new TallyError('PROTO_MALFORMED', { reason });
      }
      await this.#take(run, batch);
    }
    return this.#deps.log.history(run);
  }

  /** The log line of a header that continues the chain. Throws ContradictionError when it does not. */
  lineOf(header: OpenHeader): LineOf<'header'> {
    const { run, round } = header.value;
    this.#extend(run, this.#deps.log.history(run), header);
    return { type: 'header', run, round, wire: header.wire };
  }

  /** Throws ContradictionError when another header of this round is held; false when none is (any more). */
  isHeld(header: OpenHeader): boolean {
    return this.#compare(header);
  }

  #nextRound(run: RunId): number {
    return this.#after(run, this.#deps.log.history(run));
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
    return opened.filter(({ value }) => value.round < range.until);
  }

  async #take(run: RunId, batch: readonly OpenHeader[]): Promise<void> {
    let history = this.#deps.log.history(run);
    const lines: LineOf<'header'>[] = [];
    for (const header of batch) {
      if (header.value.round !== this.#after(run, history)) break; // a void lies between
      history = this.#extend(run, history, header);
      lines.push({ type: 'header', run, round: header.value.round, wire: header.wire });
    }
    await this.#deps.log.append(...lines);
  }

  /** The number that follows `history`. */
  #after(run: RunId, history: RunHistory | undefined): number {
    const round = history?.head === undefined ? 0 : history.head.header.round + 1;
    return nextCounting(this.#deps.log.voids(run), round);
  }

  #extend(run: RunId, history: RunHistory | undefined, header: OpenHeader): RunHistory {
    const voids = this.#deps.log.voids(run);
    const extended = extendHistory(this.#deps.sha256, { history, voids }, header.value);
    if (typeof extended !== 'string') return extended;
    const { round } = header.value;
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
