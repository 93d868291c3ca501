import { type ChainRun, keyInForce, type RoundLedger } from '@tallystick/chain';
import { asRunId, type Hash, type Logger, type RunId, type Signer } from '@tallystick/kernel';
import { POP, signRecord } from '@tallystick/record';
import type { KeyHistories } from './key-ring.js';

export interface SuccessionDeps {
  readonly ledger: Pick<
    RoundLedger,
    'genesis' | 'runCount' | 'chainRun' | 'coordinatorAccount' | 'replaceCoordinatorKey'
  >;
  /** The newest round of a run whose header was ever signed here. */
  readonly newestSigned: (chain: Hash, run: RunId) => number | undefined;
  readonly logger: Logger;
}

/**
 * Puts the next coordinator key on the chain for every open run of this account, from the run's next round on. Resolves
 * with false, and has changed nothing, while a round that the old key signed is not on the chain yet, or a run has had
 * no round with its newest key: then the old key goes on, and the next start tries again. What an interrupted start left
 * undone is done by the next one. Rejects with LEDGER_*.
 */
export async function succeedKey(next: Signer, deps: SuccessionDeps): Promise<boolean> {
  const { ledger, logger } = deps;
  const chain = await ledger.genesis();
  const owner = ledger.coordinatorAccount();
  const open = (await runsOf(ledger)).filter(
    ({ of }) => of.status === 'open' && of.coordinator === owner,
  );
  const left = open.filter(({ of }) => of.coordinatorKeys.at(-1)?.key !== next.key);
  const why = left.map((one) => obstacleOf(one, deps.newestSigned(chain, one.run)));
  const obstacle = why.find((reason) => reason !== undefined);
  if (obstacle !== undefined) {
    logger.warn('key.waits', { next: next.key, reason: obstacle });
    return false;
  }
  const { signature } = signRecord(POP, { chain, owner, key: next.key }, next);
  for (const { run, of } of left) {
    await ledger.replaceCoordinatorKey(run, next.key, signature);
    logger.info('key.replaced', { run, fromRound: of.nextRound, key: next.key });
  }
  return true;
}

/** Who signs which rounds of the runs that the chain knows. */
export async function keyHistories(ledger: SuccessionDeps['ledger']): Promise<KeyHistories> {
  const runs = await runsOf(ledger);
  return new Map(runs.map(({ run, of }) => [run, of.coordinatorKeys]));
}

interface KnownRun {
  readonly run: RunId;
  readonly of: ChainRun;
}

async function runsOf(ledger: SuccessionDeps['ledger']): Promise<readonly KnownRun[]> {
  const known: KnownRun[] = [];
  for (let id = 0, count = await ledger.runCount(); id < count; id++) {
    const run = asRunId(id);
    const of = await ledger.chainRun(run);
    if (of !== undefined) known.push({ run, of });
  }
  return known;
}

function obstacleOf({ run, of }: KnownRun, signed = -1): string | undefined {
  const { coordinatorKeys, nextRound } = of;
  if (signed >= nextRound) {
    return `round ${signed} of run ${run} is closed and not on the chain yet`;
  }
  const since = coordinatorKeys.at(-1)?.fromRound ?? 0;
  if (keyInForce(coordinatorKeys, nextRound) !== undefined && since >= nextRound) {
    return `run ${run} has had no round with its newest key yet`;
  }
  return undefined;
}
