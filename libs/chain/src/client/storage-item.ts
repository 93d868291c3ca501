import type { ApiPromise } from '@polkadot/api';
import { TallyError } from '@tallystick/kernel';

type Query = ApiPromise['query'];
type Item = NonNullable<Query[string]>[string];

/** An item of pallet-tally's storage; a missing one means another runtime than the client was written for. */
export function itemOf({ query }: { readonly query: Query }, name: string): Item {
  const item = query['tally']?.[name];
  if (item !== undefined) return item;
  throw new TallyError('LEDGER_RUNTIME_FAILED', {
    call: `tally.${name}`,
    reason: 'the runtime does not have it',
  });
}

/** The chain's time after a block, milliseconds; 0 in genesis. */
export async function timeOf({ query }: { readonly query: Query }): Promise<bigint> {
  const now = await query['timestamp']?.['now']?.();
  return BigInt(now?.toString() ?? 0);
}
