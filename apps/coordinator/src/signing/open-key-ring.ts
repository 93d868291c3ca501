import type { RoundLedger } from '@tallystick/chain';
import type { Logger, Signer } from '@tallystick/kernel';
import type { DataFolder, Deployment } from '@tallystick/sandbox';
import { KeyRing } from './key-ring.js';
import type { SigningLog } from './signing-log.js';
import { keyHistories, type SuccessionDeps, succeedKey } from './succeed-key.js';

/**
 * The coordinator key of this start. A next key in the folder takes the place of the one before, on the chain first, when
 * nothing stands in its way. Rejects with LEDGER_*.
 */
export async function openKeyRing(
  { keys, otherCoordinators }: Pick<Deployment, 'keys' | 'otherCoordinators'>,
  folder: DataFolder,
  {
    ledger,
    signingLog,
    logger,
  }: { readonly ledger: RoundLedger; readonly signingLog: SigningLog; readonly logger: Logger },
): Promise<Signer> {
  const { coordinator } = keys;
  const { next, former } = otherCoordinators;
  if (next === undefined && former.length === 0) return coordinator;
  const newestSigned: SuccessionDeps['newestSigned'] = (chain, run) =>
    signingLog.newest('header', chain, run);
  if (next !== undefined && (await succeedKey(next, { ledger, newestSigned, logger }))) {
    const { promoteNextCoordinator } = await import('@tallystick/sandbox');
    await promoteNextCoordinator(folder);
    logger.info('key.promoted', { key: next.key, before: coordinator.key });
    return new KeyRing(next, [coordinator, ...former], await keyHistories(ledger));
  }
  const others = next === undefined ? former : [next, ...former];
  return new KeyRing(coordinator, others, await keyHistories(ledger));
}
