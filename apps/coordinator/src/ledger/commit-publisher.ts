import {
  type Clock,
  isTallyError,
  type Logger,
  type Sha256,
  type Signer,
  sleep,
  TallyError,
} from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { HEADER, recordHash, signRecord } from '@tallystick/record';
import type { RoundTrace } from '@tallystick/rounds';
import type { Gauge } from '@tallystick/telemetry';
import type { CrashPoints } from '../crash-points.js';
import type { Outbox, WaitingRound } from '../persistence/outbox-rows.js';
import type { Readiness } from '../readiness.js';
import type { Wake } from '../wake.js';
import { RefusedRuns } from './refused-runs.js';
import { type Flight, TransactionInFlight } from './transaction-in-flight.js';

/** Rounds in one transaction; a header is 0.4 KB, so a full batch stays below a tenth of a block. */
const MAX_BATCH = 64;
/**
 * From one transaction to the next: rounds that close quickly share one. A transaction for every round of 20 ms cost the
 * database, the chain and this thread more than the round did. The first one after a pause does not wait.
 */
const BATCH_MS = 250;
/** Looking again at a transaction in flight: 40 ms, half as long again each time, at most 1 s. */
const FIRST_LOOK_MS = 40;
const MAX_LOOK_MS = 1_000;
/** Looking again at an epoch in flight, when no round is. */
const EPOCH_LOOK_MS = 100;
/** Without anything to do the outbox is read this often, in case a wake was lost. */
const IDLE_MS = 5_000;
/** A chain or database that is away is asked again after this. */
const FAULT_MS = 500;

export interface PublisherDeps {
  readonly outbox: Outbox;
  /** Epochs share the nonce lane, so they take turns with the rounds. */
  readonly epochs: { step(): Promise<boolean> };
  readonly ledger: RoundLedger;
  /** The coordinator key: headers. The account that pays is the ledger's. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly crash: CrashPoints;
  readonly readiness: Pick<Readiness, 'report'>;
  /** Told how many rounds wait, at most a batch. */
  readonly backlog: Gauge;
  readonly trace?: RoundTrace | undefined;
}

/**
 * Carries closed rounds to the chain, strictly in the order of a run's rounds, one transaction in flight. A transaction
 * is durable before it is sent, sending it again is harmless, and only finalised blocks decide what became of it. A run
 * whose round is refused rests; the others go on.
 */
export class CommitPublisher {
  readonly #deps: PublisherDeps;
  #lookMs = FIRST_LOOK_MS;
  #sentMs = 0;
  readonly #flight: TransactionInFlight;
  readonly #refused: RefusedRuns;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#flight = new TransactionInFlight(deps.ledger, deps.clock);
    this.#refused = new RefusedRuns(deps);
  }

  /** Publishes until aborted. Rejects only with LEDGER_CONFLICT or ROUND_FENCED. */
  async run(signal: AbortSignal): Promise<void> {
    const { wake, clock, logger } = this.#deps;
    while (!signal.aborted) {
      try {
        const isBusy = await this.step();
        const isSettling = await this.#deps.epochs.step();
        // What closes meanwhile waits for the transaction in flight, so it need not wake anyone.
        if (isBusy) await sleep(clock, this.#lookMs, signal);
        else if (isSettling) await sleep(clock, EPOCH_LOOK_MS, signal);
        else await wake.sleep(Math.min(IDLE_MS, this.#refused.restMs()), signal);
      } catch (error) {
        if (isTallyError(error) && error.disposition === 'fatal') throw error;
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn('ledger.publish_failed', { reason });
        await wake.sleep(FAULT_MS, signal);
      }
    }
  }

  /** One look at the outbox; false when everything is final or rests. */
  async step(): Promise<boolean> {
    const waiting = await this.#deps.outbox.waiting(MAX_BATCH, this.#refused.resting());
    this.#deps.backlog.set({}, waiting.length);
    const [first] = waiting;
    if (first === undefined) return false;
    if (first.commit === undefined)
      await this.#send(this.#refused.together(waiting.filter((row) => row.commit === undefined)));
    else await this.#follow(waiting.filter((row) => row.commit?.hash === first.commit?.hash));
    return true;
  }

  /** Signs one transaction for these rounds, makes it durable and sends it. */
  async #send(rounds: readonly WaitingRound[]): Promise<void> {
    const { ledger, outbox, signer, crash, logger } = this.#deps;
    const commit = await ledger.prepareCommit(
      rounds.map(({ header }) => ({
        header,
        signature: signRecord(HEADER, header, signer).signature,
      })),
    );
    await outbox.prepared(rounds, commit).catch(async (error: unknown) => {
      await ledger.resetNonces(); // nobody may ever send this one, and a later nonce would wait for it
      throw error;
    });
    this.#lookMs = FIRST_LOOK_MS;
    this.#sentMs = this.#deps.clock.nowMs();
    for (const { round } of rounds) crash.hit('closed-not-submitted', round);
    await this.#submit(rounds.map((row) => ({ ...row, commit })));
    logger.debug('ledger.submitted', { rounds: rounds.length, nonce: commit.nonce });
  }

  async #submit(rounds: readonly WaitingRound[]): Promise<void> {
    const commit = rounds[0]?.commit;
    if (commit === undefined) return;
    await this.#flight.send(commit);
    for (const { round } of rounds) this.#deps.crash.hit('submitted-not-in-block', round);
    await this.#deps.outbox.submitted(rounds);
  }

  /** Finds out what became of the transaction that carries these rounds. */
  async #follow(rounds: readonly WaitingRound[]): Promise<void> {
    const { outbox, logger, crash } = this.#deps;
    const commit = rounds[0]?.commit;
    if (commit === undefined) return;
    if (rounds.some(({ status }) => status === 'pending')) await this.#submit(rounds);
    const flight = await this.#flight.look(commit);
    this.#lookMs = this.#nextLookMs(flight.kind);
    switch (flight.kind) {
      case 'waiting':
        // The embedded chain makes the block within 20 ms and calls it final after 60: the first look, at 40 ms.
        for (const { round } of rounds) crash.hit('in-block-not-final', round);
        return flight.isOverdue ? this.#flight.send(commit) : undefined;
      case 'final':
        await outbox.final(rounds, flight.block);
        this.#traceAnchors(rounds);
        this.#refused.taken(rounds);
        logger.info('ledger.final', { rounds: rounds.length, block: flight.block.number });
        return;
      case 'lost':
        return this.#signAgain(rounds, flight.why);
      case 'refused':
        return this.#sortOut(rounds, flight.reason);
    }
  }

  #traceAnchors(rounds: readonly WaitingRound[]): void {
    const endMs = this.#deps.clock.nowMs();
    for (const { run, round, header } of rounds) {
      const startMs = Number(header.closedAtMs);
      const attributes = { run, round, together: rounds.length };
      this.#deps.trace?.step(header.task, { name: 'anchor', startMs, endMs, attributes });
    }
  }

  #nextLookMs(kind: Flight['kind']): number {
    if (kind === 'waiting') return Math.min(MAX_LOOK_MS, this.#lookMs * 1.5);
    return kind === 'final' ? Math.max(0, this.#sentMs + BATCH_MS - this.#deps.clock.nowMs()) : 0;
  }

  async #signAgain(rounds: readonly WaitingRound[], why: 'expired' | 'silent'): Promise<void> {
    await this.#deps.ledger.resetNonces();
    await this.#deps.outbox.unprepared(rounds);
    this.#deps.logger.warn('ledger.sign_again', { rounds: rounds.length, why });
  }

  /** The chain may hold the rounds already, hold others, or have had a reason that is over. */
  async #sortOut(rounds: readonly WaitingRound[], reason: string): Promise<void> {
    const { ledger, outbox, sha256 } = this.#deps;
    const again: WaitingRound[] = [];
    for (const row of rounds) {
      const { run, round, header } = row;
      const anchored = await ledger.round(run, round);
      const here = recordHash(sha256, HEADER, header);
      if (anchored === undefined) again.push(row);
      else if (anchored.header === here) await outbox.final([row]);
      else throw new TallyError('LEDGER_CONFLICT', { run, round, chain: anchored.header, here });
    }
    if (again.length === 0) return;
    await outbox.unprepared(again);
    this.#refused.add(again, reason);
  }
}
