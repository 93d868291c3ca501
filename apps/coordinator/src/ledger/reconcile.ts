import { type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import type { Outbox, WaitingRound } from '../persistence/outbox-rows.js';

export interface ReconcileDeps {
  readonly outbox: Outbox;
  readonly ledger: Pick<RoundLedger, 'round' | 'anchored'>;
  readonly sha256: Sha256;
}

/** Runs asked for at once: a standby that takes over has no time for one after another. */
const AT_ONCE = 32;
/** Rounds compared at boot; below it the waiting window of a run (at most 1,024) always fits. */
const MAX_WAITING = 4_096;

/**
 * Compares what the database and the chain hold of these runs, before anything new is sent: a round that the chain
 * has already becomes final here. Throws LEDGER_CONFLICT when they disagree; somebody else committed, or one of the
 * two was put back to an older state. The chain may go on meanwhile, with what an earlier process had sent.
 */
export async function reconcile(runs: readonly RunId[], deps: ReconcileDeps): Promise<void> {
  const waiting = await deps.outbox.waiting(MAX_WAITING);
  for (let i = 0; i < runs.length; i += AT_ONCE) {
    await Promise.all(runs.slice(i, i + AT_ONCE).map((run) => compare(run, waiting, deps)));
  }
}

async function compare(
  run: RunId,
  waiting: readonly WaitingRound[],
  deps: ReconcileDeps,
): Promise<void> {
  const chainRounds = (await deps.ledger.anchored(run))?.nextRound;
  const known = waiting.filter((row) => row.run === run && row.round < (chainRounds ?? 0));
  for (const row of known) await adopt(row, deps);
  await checkHead(run, chainRounds, deps);
}

/** The chain holds this round: it is final here too, unless it is another one there. */
async function adopt({ run, round, header }: WaitingRound, deps: ReconcileDeps): Promise<void> {
  await checkHeader(run, header, deps);
  await deps.outbox.final([{ run, round }]);
}

/** The newest round that is final here is on the chain, and the chain had no more than that when it was asked first. */
async function checkHead(
  run: RunId,
  chainRounds: number | undefined,
  deps: ReconcileDeps,
): Promise<void> {
  const newest = await deps.outbox.newestFinal(run);
  const rounds = newest === undefined ? 0 : newest.round + 1;
  const here = `${rounds} rounds`;
  if (chainRounds === undefined) throw conflict(run, rounds, { chain: 'no such run', here });
  if (chainRounds > rounds) throw conflict(run, rounds, { chain: `${chainRounds} rounds`, here });
  if (newest === undefined) return;
  await checkHeader(run, newest.header, deps);
}

async function checkHeader(
  run: RunId,
  header: Header,
  { ledger, sha256 }: ReconcileDeps,
): Promise<void> {
  const { round } = header;
  const here = recordHash(sha256, HEADER, header);
  const chain = (await ledger.round(run, round))?.header ?? 'no such round';
  if (chain !== here) throw conflict(run, round, { chain, here });
}

function conflict(
  run: RunId,
  round: number,
  sides: { readonly chain: string; readonly here: string },
): TallyError {
  return new TallyError('LEDGER_CONFLICT', { run, round, ...sides });
}
