import { type Hash, isTallyError, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import type { Outbox } from '../persistence/outbox-rows.js';

export interface ReconcileDeps {
  readonly outbox: Outbox;
  readonly ledger: Pick<RoundLedger, 'round' | 'anchored'>;
  readonly sha256: Sha256;
}

/** Runs asked for at once: a standby that takes over has no time for one after another. */
const AT_ONCE = 32;
/** A transaction that the leader before us sent may land between two reads; what disagrees so often is a conflict. */
const LOOKS = 5;
/** Rounds compared at boot; below it the waiting window of a run (at most 1,024) always fits. */
const MAX_WAITING = 4_096;

/**
 * Compares what the database and the chain hold of these runs, before anything new is sent: a round that the chain
 * has already becomes final here. Throws LEDGER_CONFLICT when they disagree; somebody else committed, or one of the
 * two was put back to an older state.
 */
export async function reconcile(runs: readonly RunId[], deps: ReconcileDeps): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      return await compare(runs, deps);
    } catch (error) {
      if (look === LOOKS || !isTallyError(error, 'LEDGER_CONFLICT')) throw error;
    }
  }
}

async function compare(runs: readonly RunId[], deps: ReconcileDeps): Promise<void> {
  for (const { run, round, header } of await deps.outbox.waiting(MAX_WAITING)) {
    const anchored = await deps.ledger.round(run, round);
    if (anchored === undefined) continue;
    const here = recordHash(deps.sha256, HEADER, header);
    if (anchored.header !== here) throw conflict(run, round, { chain: anchored.header, here });
    await deps.outbox.final([{ run, round }]);
  }
  for (let i = 0; i < runs.length; i += AT_ONCE) {
    await Promise.all(runs.slice(i, i + AT_ONCE).map((run) => checkHead(run, deps)));
  }
}

/** The chain must stand exactly at the newest round that is final here. */
async function checkHead(run: RunId, { outbox, ledger, sha256 }: ReconcileDeps): Promise<void> {
  const anchored = await ledger.anchored(run);
  const newest = await outbox.newestFinal(run);
  const nextRound = newest === undefined ? 0 : newest.round + 1;
  if (anchored === undefined || anchored.nextRound !== nextRound) {
    throw conflict(run, nextRound, {
      chain: anchored === undefined ? 'no such run' : `${anchored.nextRound} rounds`,
      here: `${nextRound} rounds`,
    });
  }
  if (newest === undefined) return;
  const here = headHash(sha256, newest.header);
  if (anchored.head !== here) throw conflict(run, newest.round, { chain: anchored.head, here });
}

function headHash(sha256: Sha256, header: Header): Hash {
  return recordHash(sha256, HEADER, header);
}

function conflict(
  run: RunId,
  round: number,
  sides: { readonly chain: string; readonly here: string },
): TallyError {
  return new TallyError('LEDGER_CONFLICT', { run, round, ...sides });
}
