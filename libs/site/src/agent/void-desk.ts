import { type Ed25519, type Logger, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import { HEADER } from '@tallystick/record';
import { isVoid, lastCounting, type VoidSpan } from '@tallystick/rounds';
import type { LineOf } from '../log/log-line.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import { covers } from '../log/run-history.js';
import type { ChainView } from './anchor-watch.js';
import { openSigned, type Pinned } from './open-records.js';
import type { RunSource } from './run-source.js';

export interface VoidDeskDeps {
  readonly log: ReceiptLog;
  readonly source: RunSource;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly logger: Logger;
  /** When this site reaches the chain itself, the coordinator's word for a void is not enough. */
  readonly chain?: Pick<ChainView, 'voids'>;
}

/** Learns which rounds of a run the chain has voided, and writes that into the log before anything builds on it. */
export class VoidDesk {
  readonly #pinned: Pinned;
  readonly #deps: VoidDeskDeps;

  constructor(pinned: Pinned, deps: VoidDeskDeps) {
    this.#pinned = pinned;
    this.#deps = deps;
  }

  /**
   * True when the log knows of further voids now. Throws ROUND_VOID_UNCONFIRMED while this site's own chain does not know
   * what the coordinator says, PROTO_MALFORMED when voids were taken back.
   */
  async learn(run: RunId, signal: AbortSignal): Promise<boolean> {
    const { log, source, logger } = this.#deps;
    const known = log.voids(run);
    const claimed = await source.voids(run, signal);
    if (covers(known, claimed)) return false;
    const spans = await this.#confirmed(run, claimed);
    const line: LineOf<'voids'> = { type: 'voids', run, spans: [...spans] };
    const head = await this.#headAfter(run, spans, signal);
    await log.append(head === undefined ? line : { ...line, head });
    const text = spans.map(({ from, until }) => `${from} to ${until - 1}`).join(', ');
    logger.warn('round.void', { run, rounds: text });
    return true;
  }

  async #confirmed(run: RunId, claimed: readonly VoidSpan[]): Promise<readonly VoidSpan[]> {
    const { chain } = this.#deps;
    if (chain === undefined) return claimed;
    const confirmed = await chain.voids(run);
    if (covers(confirmed, claimed)) return confirmed;
    const last = claimed.at(-1);
    const meta = { run, from: last?.from ?? 0, last: (last?.until ?? 1) - 1 };
    throw new TallyError('ROUND_VOID_UNCONFIRMED', meta);
  }

  /** The header that the log's history goes back to, wire form; undefined when it goes nowhere, or to the beginning. */
  async #headAfter(
    run: RunId,
    spans: readonly VoidSpan[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { log, source, ed25519 } = this.#deps;
    const newest = log.history(run)?.head?.header.round;
    if (newest === undefined || !isVoid(spans, newest)) return undefined;
    const last = lastCounting(spans, newest);
    if (last === undefined) return undefined;
    const held = log.round(run, last)?.header?.wire;
    if (held !== undefined) return held;
    const [wire] = await source.headers(run, last, signal);
    if (wire === undefined) return undefined;
    const { value } = openSigned(ed25519, this.#pinned, HEADER, wire);
    if (value.run === run && value.round === last) return wire;
    const reason = `the header of round ${last} was asked for, another one came`;
    throw new TallyError('PROTO_MALFORMED', { reason });
  }
}
