import { type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { type Header, HEADER, recordHash } from '@tallystick/record';
import { isVoid, nextCounting, type VoidSpan } from '@tallystick/rounds';
import type { Outbox, WaitingRound } from '../persistence/outbox-rows.js';
import type { VoidRows } from '../persistence/void-rows.js';

export interface ReconcileDeps {
  readonly outbox: Outbox;
  readonly ledger: Pick<RoundLedger, 'round' | 'anchored'>;
  /** Stores what the chain has voided by now. */
  readonly takeVoids: () => Promise<unknown>;
  readonly voids: Pick<VoidRows, 'ofRuns'>;
  readonly sha256: Sha256;
}

/** A run with what the chain was first seen to hold of it, and what was voided up to a later moment. */
interface Seen {
  readonly run: RunId;
  readonly chainRounds: number | undefined;
  readonly voids: readonly VoidSpan[];
}

/** Runs asked for at once: a standby that takes over has no time for one after another. */
const AT_ONCE = 32;
/** Rounds compared at boot; below it the waiting window of a run (at most 1,024) always fits. */
const MAX_WAITING = 4_096;

/**
 * Compares what the database and the chain hold of these runs, before anything new is sent: a round that the chain
 * has already becomes final here, one that it has voided counts no more. Throws LEDGER_CONFLICT when they disagree;
 * somebody else committed, or one of the two was put back to an older state. The chain may go on meanwhile, with what an
 * earlier process had sent.
 */
export async function reconcile(runs: readonly RunId[], deps: ReconcileDeps): Promise<void> {
  const chainRounds = await each(runs, async (run) => (await deps.ledger.anchored(run))?.nextRound);
  await deps.takeVoids();
  const voids = await deps.voids.ofRuns(runs);
  const waiting = await deps.outbox.waiting(MAX_WAITING);
  const seen = runs.map((run, i) => ({
    run,
    chainRounds: chainRounds[i],
    voids: voids.get(run) ?? [],
  }));
  await each(seen, (one) => compare(one, waiting, deps));
}

async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))));
  }
  return done;
}

async function compare(
  seen: Seen,
  waiting: readonly WaitingRound[],
  deps: ReconcileDeps,
): Promise<void> {
  const { run, chainRounds = 0, voids } = seen;
  const known = waiting.filter(
    (row) => row.run === run && row.round < chainRounds && !isVoid(voids, row.round),
  );
  for (const row of known) await adopt(row, deps);
  await checkHead(seen, deps);
}

/** The chain holds this round: it is final here too, unless it is another one there. */
async function adopt({ run, round, header }: WaitingRound, deps: ReconcileDeps): Promise<void> {
  await checkHeader(run, header, deps);
  await deps.outbox.final([{ run, round }]);
}

/** The newest round that is final here is on the chain, and the chain had no more than that when it was asked first. */
async function checkHead({ run, chainRounds, voids }: Seen, deps: ReconcileDeps): Promise<void> {
  const newest = await deps.outbox.newestFinal(run);
  const rounds = nextCounting(voids, newest === undefined ? 0 : newest.round + 1);
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
