import { type Clock, type Logger, type Sha256, type Signer, TallyError } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { EPOCH, recordHash, signRecord } from '@tallystick/record';
import type { CrashPoints } from '../crash-points.js';
import type { EpochOutbox, EpochRow } from '../persistence/epoch-rows.js';
import type { Readiness } from '../readiness.js';
import { TransactionInFlight } from './transaction-in-flight.js';

/** After a refusal that no fact on the chain explains: a demand may be open, a window not over on the chain's clock. */
const REFUSED_MS = 15_000;
/** So many refusals in a row are an operator's business; it is tried again all the same. */
const ALARM_AFTER = 8;

export interface EpochPublisherDeps {
  readonly epochs: EpochOutbox;
  readonly ledger: RoundLedger;
  /** The coordinator key: epoch records. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly crash: CrashPoints;
  readonly readiness: Readiness;
}

/**
 * Carries settled epochs to the chain, the oldest first, one transaction in flight, in the nonce lane of the rounds. A
 * transaction is durable before it is sent, sending it again is harmless, and only finalised blocks decide.
 */
export class EpochPublisher {
  readonly #deps: EpochPublisherDeps;
  #notBeforeMs = 0;
  #refusals = 0;
  readonly #flight: TransactionInFlight;

  constructor(deps: EpochPublisherDeps) {
    this.#deps = deps;
    this.#flight = new TransactionInFlight(deps.ledger, deps.clock);
  }

  /** One look at the oldest epoch that is not final; false when nothing is to be done now. Rejects with LEDGER_CONFLICT. */
  async step(): Promise<boolean> {
    if (this.#deps.clock.nowMs() < this.#notBeforeMs) return false;
    const [row] = await this.#deps.epochs.waiting(1);
    if (row === undefined) return false;
    if (row.commit === undefined) await this.#send(row);
    else await this.#follow(row);
    return true;
  }

  async #send(row: EpochRow): Promise<void> {
    const { ledger, epochs, signer, crash, logger } = this.#deps;
    const { record } = row;
    crash.hit('epoch-no-transaction', row.epoch);
    const { signature } = signRecord(EPOCH, record, signer);
    const commit = await ledger.prepareSettlement({ record, signature });
    await epochs.prepared(row, commit).catch(async (error: unknown) => {
      await ledger.resetNonces(); // nobody may ever send this one, and a later nonce would wait for it
      throw error;
    });
    await this.#submit({ ...row, commit });
    logger.debug('ledger.epoch_submitted', { run: row.run, epoch: row.epoch });
  }

  async #submit(row: EpochRow): Promise<void> {
    if (row.commit === undefined) return;
    await this.#flight.send(row.commit);
    this.#deps.crash.hit('epoch-submitted-not-in-block', row.epoch);
    await this.#deps.epochs.submitted(row);
  }

  async #follow(row: EpochRow): Promise<void> {
    const { epochs, logger } = this.#deps;
    if (row.commit === undefined) return;
    if (row.status === 'pending') await this.#submit(row);
    const flight = await this.#flight.look(row.commit);
    switch (flight.kind) {
      case 'waiting':
        return flight.isOverdue ? this.#flight.send(row.commit) : undefined;
      case 'final':
        await epochs.final(row, flight.block);
        this.#isWell();
        logger.info('ledger.epoch_final', { run: row.run, epoch: row.epoch });
        return;
      case 'lost':
        return this.#signAgain(row, flight.why);
      case 'refused':
        return this.#refused(row, flight.reason);
    }
  }

  async #signAgain(row: EpochRow, why: 'expired' | 'silent'): Promise<void> {
    await this.#deps.ledger.resetNonces();
    await this.#deps.epochs.unprepared(row);
    this.#deps.logger.warn('ledger.epoch_sign_again', { run: row.run, epoch: row.epoch, why });
  }

  /** The chain may hold the epoch already, hold another one, or have a reason that passes. */
  async #refused(row: EpochRow, reason: string): Promise<void> {
    const { ledger, epochs, sha256, logger, clock, readiness } = this.#deps;
    const { run, epoch } = row;
    const here = recordHash(sha256, EPOCH, row.record);
    // epochs from the next one's number on are those that were voided, or were built on one that was
    const counts = epoch < ((await ledger.chainRun(run))?.epoch ?? 0);
    const there = counts ? (await ledger.epoch(run, epoch))?.record : undefined;
    if (there === here) {
      await epochs.final(row);
      return this.#isWell();
    }
    if (there !== undefined) {
      throw new TallyError('LEDGER_EPOCH_CONFLICT', { run, epoch, chain: there, here });
    }
    logger.warn('ledger.epoch_refused', { run, epoch, reason });
    await epochs.unprepared(row);
    this.#notBeforeMs = clock.nowMs() + REFUSED_MS;
    this.#refusals++;
    if (this.#refusals < ALARM_AFTER) return;
    readiness.report('settlement', new TallyError('LEDGER_REFUSED', { call: 'an epoch', reason }));
  }

  #isWell(): void {
    this.#refusals = 0;
    this.#deps.readiness.report('settlement', undefined);
  }
}
